#include <inttypes.h>
#include <string.h>

#include "base/phone.h"
#include "voms/account/account_internal.h"

const char *const account_states[] = {"active", "disabled", NULL};
const char *const account_languages[] = {"zh-CN", "en", NULL};

#define EMAIL_MAX 254

static bool is_letter(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

const char *account_rules_check_username(const char *username)
{
    bool has_letter = false;
    size_t length = strlen(username);
    if (length < 3 || length > 64) {
        return "username_length";
    }
    for (const char *at = username; *at != '\0'; at++) {
        if (!is_letter(*at) && !is_digit(*at) && strchr("._-", *at) == NULL) {
            return "username_characters";
        }
        has_letter |= is_letter(*at);
    }
    /* Without one it could be somebody's telephone number. */
    return has_letter ? NULL : "username_needs_letter";
}

const char *account_rules_email(Arena *arena, const char *text)
{
    const char *at_sign = strchr(text, '@');
    size_t length = strlen(text);
    if (at_sign == NULL || at_sign == text || length > EMAIL_MAX || strchr(at_sign + 1, '@')) {
        return NULL;
    }
    const char *dot = strchr(at_sign + 1, '.');
    if (dot == NULL || dot == at_sign + 1 || text[length - 1] == '.') {
        return NULL;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || *at == 0x7F || strchr("<>()[],;:\\\"", *at) != NULL) {
            return NULL;
        }
    }
    return str_ascii_lower(arena, text);
}

LoginKind account_rules_login(Arena *arena, const char *login, const char **ret_key)
{
    const char *trimmed = str_trim(arena, login);
    if (strchr(trimmed, '@') != NULL) {
        *ret_key = str_ascii_lower(arena, trimmed);
        return LOGIN_EMAIL;
    }
    const char *phone = phone_normalize(arena, trimmed);
    if (phone != NULL) {
        *ret_key = phone;
        return LOGIN_PHONE;
    }
    *ret_key = str_ascii_lower(arena, trimmed);
    return LOGIN_USERNAME;
}

static int64_t doubled(int64_t failures, int64_t first, int64_t start_ms, int64_t max_ms)
{
    if (failures < first) {
        return 0;
    }
    int64_t lock_ms = start_ms;
    for (int64_t i = first; i < failures && lock_ms < max_ms; i++) {
        lock_ms *= 2;
    }
    return MIN(lock_ms, max_ms);
}

int64_t account_rules_lock_ms(int64_t failures)
{
    return doubled(failures, 5, 30 * SECOND_MS, HOUR_MS);
}

int64_t account_rules_address_lock_ms(int64_t failures)
{
    return doubled(failures, 30, 5 * SECOND_MS, 15 * MINUTE_MS);
}

const char *account_rules_log_name(Arena *arena, const char *login)
{
    size_t length = strlen(login);
    if (length < 4) {
        return arena_printf(arena, "(%zu bytes)", length);
    }
    for (int i = 0; i < 2; i++) {
        if (!is_letter(login[i]) && !is_digit(login[i])) {
            return arena_printf(arena, "(%zu bytes)", length);
        }
    }
    return arena_printf(arena, "%.2s…(%zu bytes)", login, length);
}

/* ---- Passwords ---- */

/* Of the lists of what people choose, those of ten characters and more; lower case. Shorter ones
 * are refused by their length. */
static const char *const COMMON[] = {
    "1234567890",    "0123456789",   "0987654321",    "9876543210",   "12345678910", "123456789a",
    "a123456789",    "1234567891",   "12345678900",   "123456789123", "1122334455",  "1111111111",
    "0000000000",    "6666666666",   "8888888888",    "1234554321",   "1212121212",  "123123123123",
    "1q2w3e4r5t",    "1q2w3e4r5t6y", "q1w2e3r4t5",    "1qaz2wsx3edc", "qwertyuiop",  "qwerty1234",
    "qwerty12345",   "qwerty123456", "qwer123456",    "asdfghjkl;",   "asdfghjkl1",  "zxcvbnm123",
    "qazwsxedcrfv",  "password12",   "password123",   "password1234", "passw0rd123", "password2024",
    "password2025",  "password2026", "p@ssw0rd123",   "p@ssword123",  "admin12345",  "admin123456",
    "administrator", "adminadmin",   "admin@1234",    "admin@12345",  "woaini1314",  "woaini520",
    "woaini1314520", "5201314520",   "1314520520",    "woaini123456", "aa12345678",  "aa123456789",
    "abc1234567",    "abc123456789", "abcd123456",    "abcdefghij",   "iloveyou123", "iloveyou12",
    "letmein123",    "welcome123",   "welcome1234",   "changeme123",  "volunteer1",  "volunteer123",
    "zhiyuanzhe",    "zhiyuanzhe1",  "zhiyuanzhe123", "voms123456",   "123456abcd",  "123456qwer",
    "123456789q",    "123456789.",   "qq123456789",   "wang123456",   "li123456789", "zhang123456",
    "liu12345678",   "chen123456",
};

static bool is_common(const char *lower)
{
    for (size_t i = 0; i < COUNT_OF(COMMON); i++) {
        if (strcmp(COMMON[i], lower) == 0) {
            return true;
        }
    }
    return false;
}

/* "aaaaaaaaaa", "abababababab", "1234512345": a short piece again and again. */
static bool is_repetition(const char *text)
{
    size_t length = strlen(text);
    for (size_t period = 1; period <= 5 && period * 2 <= length; period++) {
        size_t i = period;
        while (i < length && text[i] == text[i - period]) {
            i++;
        }
        if (i == length) {
            return true;
        }
    }
    return false;
}

/* Names of fewer than four characters are in too many good passwords. */
static bool contains_name(Arena *arena, const char *lower, const char *name)
{
    if (name == NULL) {
        return false;
    }
    const char *end = strchr(name, '@');
    size_t length = end == NULL ? strlen(name) : (size_t)(end - name);
    if (length < 4) {
        return false;
    }
    return strstr(lower, str_ascii_lower(arena, arena_strndup(arena, name, length))) != NULL;
}

const char *account_check_password_strength(const char *password, const char *username,
                                            const char *phone, const char *email)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    size_t length = strlen(password);
    if (!str_is_clean_utf8(password, length) || strpbrk(password, "\t\n") != NULL) {
        return "password_characters";
    }
    if (str_utf8_length(password) < PASSWORD_MIN) {
        return "password_too_short";
    }
    if (length > PASSWORD_MAX) {
        return "password_too_long";
    }
    const char *lower = str_ascii_lower(arena, password);
    if (is_common(lower) || is_repetition(lower)) {
        return "password_common";
    }
    /* "+86" is not what people type. */
    const char *local = phone != NULL && str_starts_with(phone, "+86") ? phone + 3 : phone;
    if (contains_name(arena, lower, username) || contains_name(arena, lower, local) ||
        contains_name(arena, lower, email)) {
        return "password_contains_login";
    }
    return NULL;
}
