#include "voms/volunteer/id_number.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define RESIDENT_LENGTH 18
#define OLD_LENGTH 15
#define EARLIEST_BIRTH_YEAR 1900

const char *const ID_DOCUMENT_TYPES[] = {ID_RESIDENT, "hk_macao_permit", "taiwan_permit",
                                         "passport",  "other",           NULL};

/* GB/T 2260: the first two digits. 81 to 83 are the residence permits of Hong Kong, Macao and
 * Taiwan residents, which follow GB 11643 too. */
static const struct {
    const char *code;
    const char *name;
} PROVINCES[] = {
    {"11", "北京市"},           {"12", "天津市"},         {"13", "河北省"},
    {"14", "山西省"},           {"15", "内蒙古自治区"},   {"21", "辽宁省"},
    {"22", "吉林省"},           {"23", "黑龙江省"},       {"31", "上海市"},
    {"32", "江苏省"},           {"33", "浙江省"},         {"34", "安徽省"},
    {"35", "福建省"},           {"36", "江西省"},         {"37", "山东省"},
    {"41", "河南省"},           {"42", "湖北省"},         {"43", "湖南省"},
    {"44", "广东省"},           {"45", "广西壮族自治区"}, {"46", "海南省"},
    {"50", "重庆市"},           {"51", "四川省"},         {"52", "贵州省"},
    {"53", "云南省"},           {"54", "西藏自治区"},     {"61", "陕西省"},
    {"62", "甘肃省"},           {"63", "青海省"},         {"64", "宁夏回族自治区"},
    {"65", "新疆维吾尔自治区"}, {"71", "台湾省"},         {"81", "香港特别行政区"},
    {"82", "澳门特别行政区"},   {"83", "台湾省"},
};

static bool all_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return true;
}

const char *region_province(const char *code)
{
    for (size_t i = 0; code != NULL && i < COUNT_OF(PROVINCES); i++) {
        if (str_starts_with(code, PROVINCES[i].code)) {
            return PROVINCES[i].name;
        }
    }
    return NULL;
}

bool region_code_is_valid(const char *code)
{
    return strlen(code) == 6 && all_digits(code, 6) && region_province(code) != NULL;
}

/* Prefectures and counties were renumbered many times and a number is kept for life, so that no
 * present table may decide; what never existed is a prefecture above 70 other than 90 (units
 * directly under a province). */
static bool region_may_exist(const char *code)
{
    int prefecture = (code[2] - '0') * 10 + (code[3] - '0');
    return region_province(code) != NULL && ((prefecture >= 1 && prefecture <= 70) ||
                                             prefecture == 90 || code[0] == '8' || code[0] == '7');
}

char id_number_check_character(const char *digits)
{
    static const int WEIGHTS[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (size_t i = 0; i < COUNT_OF(WEIGHTS); i++) {
        sum += (digits[i] - '0') * WEIGHTS[i];
    }
    return "10X98765432"[sum % 11];
}

/* Half width, upper case, without spaces and hyphens. */
static const char *normalize(Arena *arena, const char *text)
{
    Str out;
    str_init(&out, arena);
    size_t left = strlen(text);
    for (size_t step = 0; left > 0; text += step, left -= step) {
        uint32_t point = 0;
        step = str_utf8_decode(text, left, &point);
        if (step == 0) {
            return NULL;
        }
        if (point >= 0xFF01 && point <= 0xFF5E) {
            point -= 0xFEE0;
        }
        if (point == ' ' || point == 0x3000 || point == '-') {
            continue;
        }
        if (point >= 0x80) {
            return NULL;
        }
        str_append_char(&out, (char)toupper((int)point));
    }
    return str_text(&out);
}

static int two(const char *digits)
{
    return (digits[0] - '0') * 10 + digits[1] - '0';
}

static bool birth_of(const char *number, Date today, Date *ret_birth)
{
    char text[40];
    snprintf(text, sizeof(text), "%.4s-%02d-%02d", number + 6, two(number + 10), two(number + 12));
    Date birth;
    if (!date_parse(text, &birth) || birth.year < EARLIEST_BIRTH_YEAR ||
        date_to_days(birth) > date_to_days(today)) {
        return false;
    }
    *ret_birth = birth;
    return true;
}

static const char *check_resident(const char *number, Date today, IdNumber *ret_number)
{
    size_t length = strlen(number);
    if (length == OLD_LENGTH && all_digits(number, length)) {
        return "id_number_old";
    }
    if (length != RESIDENT_LENGTH) {
        return "id_number_length";
    }
    bool last_fits = isdigit((unsigned char)number[17]) || number[17] == 'X';
    if (!all_digits(number, RESIDENT_LENGTH - 1) || !last_fits) {
        return "id_number_characters";
    }
    if (!region_may_exist(number)) {
        return "id_number_region";
    }
    Date birth;
    if (!birth_of(number, today, &birth)) {
        return "id_number_date";
    }
    if (id_number_check_character(number) != number[17]) {
        return "id_number_checksum";
    }
    *ret_number = (IdNumber){.normalized = number,
                             .birth = birth,
                             .is_male = (number[16] - '0') % 2 == 1,
                             .has_person = true};
    return NULL;
}

static bool alphanumeric(const char *text)
{
    return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")] == '\0';
}

/* Other documents are checked lightly: their forms change with the issuing office. */
static bool other_fits(const char *type, const char *number)
{
    size_t length = strlen(number);
    if (str_equal(type, "hk_macao_permit")) {
        return (number[0] == 'H' || number[0] == 'M' || number[0] == 'C') && length >= 9 &&
               length <= 11 && alphanumeric(number);
    }
    if (str_equal(type, "taiwan_permit")) {
        return length >= 8 && length <= 11 && alphanumeric(number);
    }
    if (str_equal(type, "passport")) {
        return length >= 5 && length <= 17 && alphanumeric(number);
    }
    return length >= 1 && length <= 32 && number[strcspn(number, "\t\n")] == '\0';
}

const char *id_number_check(Arena *arena, const char *type, const char *text, Date today,
                            IdNumber *ret_number)
{
    const char *number = normalize(arena, text);
    if (number == NULL || str_is_empty(number)) {
        return "id_number_characters";
    }
    if (str_equal(type, ID_RESIDENT)) {
        return check_resident(number, today, ret_number);
    }
    for (size_t i = 1; ID_DOCUMENT_TYPES[i] != NULL; i++) {
        if (str_equal(type, ID_DOCUMENT_TYPES[i])) {
            if (!other_fits(type, number)) {
                return "id_number_format";
            }
            *ret_number = (IdNumber){.normalized = number};
            return NULL;
        }
    }
    return "id_document_type";
}

const char *id_number_mask(Arena *arena, const char *normalized)
{
    size_t length = strlen(normalized);
    size_t head = length >= 15 ? 4 : length >= 8 ? 2 : length >= 5 ? 1 : 0;
    size_t tail = length >= 8 ? 2 : length >= 5 ? 1 : 0;
    char *masked = arena_strdup(arena, normalized);
    memset(masked + head, '*', length - head - tail);
    return masked;
}

const char *id_number_hash_text(Arena *arena, const char *type, const char *normalized)
{
    return arena_printf(arena, "%s:%s", type, normalized);
}
