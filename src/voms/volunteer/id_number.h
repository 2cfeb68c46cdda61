/* id_number.h - identity documents: what is a possible number, and what it tells.
 *
 * Pure. A resident's number follows GB 11643-1999: six digits of region (GB/T 2260), eight of birth
 * date, three of sequence (odd: male), and a check character by ISO 7064 MOD 11-2. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/time.h"

#define ID_RESIDENT "resident_id"

/* The names of the document types, ends with NULL. */
extern const char *const ID_DOCUMENT_TYPES[];

typedef struct IdNumber {
    const char *normalized; /* upper case, half width, without spaces */
    Date birth;             /* resident: else zeroed */
    bool is_male;           /* resident */
    bool has_person;        /* birth and is_male are known */
} IdNumber;

/* Checks a number of a document type; today bounds the birth date. Returns NULL and fills
 * *ret_number, or the code of what is wrong: "id_number_length", "id_number_old" (15 digits,
 * invalid since 2013), "id_number_characters", "id_number_region", "id_number_date",
 * "id_number_checksum", "id_number_format" (other documents), "id_document_type". */
const char *id_number_check(Arena *arena, const char *type, const char *text, Date today,
                            IdNumber *ret_number);

/* The check character of the first 17 digits. */
char id_number_check_character(const char *digits);

/* "3701************12": what is shown of a number. */
const char *id_number_mask(Arena *arena, const char *normalized);

/* What the number is hashed as: the type is part of it. */
const char *id_number_hash_text(Arena *arena, const char *type, const char *normalized);

/* Is code a six-digit code whose province exists (GB/T 2260)? */
bool region_code_is_valid(const char *code);

/* The province of a code, in Chinese; NULL if there is none. */
const char *region_province(const char *code);
