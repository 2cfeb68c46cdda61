/* phone.h - telephone numbers in E.164. */
#pragma once

#include "base/arena.h"

/* Normalises a number to E.164: "+8613800138000". A number without + or 00 is one of mainland
 * China: a mobile number, or a landline with its area code. Spaces, dots, dashes and parentheses
 * are skipped. NULL if it cannot be a telephone number. */
const char *phone_normalize(Arena *arena, const char *text);

/* The way it is written where it belongs: "138 0013 8000" for mainland China's mobile numbers,
 * otherwise as it is. */
const char *phone_format(Arena *arena, const char *e164);

/* "+86138****8000": for who may not see it. */
const char *phone_mask(Arena *arena, const char *e164);
