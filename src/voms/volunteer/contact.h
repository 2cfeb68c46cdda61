/* contact.h - phone numbers and e-mail addresses. Pure. */
#pragma once

#include "base/arena.h"

/* Checks of fields, as http/shape.h wants them: NULL, or the code of what is wrong.
 *
 * A phone number becomes E.164 by phone_normalize; full-width digits are read too. */
const char *phone_check(Arena *arena, const char *text, const char **ret_normalized);
const char *email_check(Arena *arena, const char *text, const char **ret_normalized);

/* "z***@example.org", "济南市历下区****". NULL stays NULL. */
const char *email_mask(Arena *arena, const char *email);
const char *address_mask(Arena *arena, const char *address);

/* The characters of an ASCII text in reverse: a number's last digits become a prefix, which an
 * index can serve. NULL stays NULL. */
const char *text_reversed(Arena *arena, const char *text);
