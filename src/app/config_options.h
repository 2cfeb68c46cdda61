/* config_options.h - the one table of options, shared by the reader and the reference pages. */
#pragma once

#include "app/config.h"

typedef enum OptionType {
    OPTION_TEXT,
    OPTION_SECRET,
    OPTION_INT,
    OPTION_DURATION, /* "15m"; stored in milliseconds */
    OPTION_CHOICE,   /* stored as the index in choices */
    OPTION_TEXT_LIST,
} OptionType;

typedef enum OptionFlag {
    OPTION_REQUIRED = 1 << 0,   /* when there is a file */
    OPTION_WEAK_CHECK = 1 << 1, /* not among well-known or repetitive secrets */
    OPTION_KEY = 1 << 2,        /* base64url of 32 bytes */
} OptionFlag;

typedef struct Option {
    const char *section;
    const char *name;
    OptionType type;
    size_t offset;        /* in Config */
    unsigned flags;       /* OptionFlag */
    const char *fallback; /* as it would be written in the file; NULL: none */
    int64_t min;          /* text: characters; number: value; duration: ms */
    int64_t max;
    const char *const *choices; /* ends with NULL */
    const char *en;
    const char *zh;
} Option;

/* Ends with an option without name. */
extern const Option config_options[];
