#include "base/str.h"
#include "tests/unit/test.h"
#include "voms/volunteer/id_number.h"

static const Date TODAY = {2026, 6, 1};

TEST(id_number, of_residents_is_checked_by_gb_11643)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    /* The first is the example of the standard's text; none belongs to a living person. */
    static const struct {
        const char *text;
        const char *code;
    } ROWS[] = {
        {"11010519491231002X", NULL},
        {"11010519491231002x", NULL},
        {"440524188001010014", "id_number_date"}, /* before 1900 */
        {"37010219900307123X", "id_number_checksum"},
        {"110105194912310021", "id_number_checksum"},
        {"110105194902310026", "id_number_date"},
        {"110105204912310028", "id_number_date"}, /* not born yet */
        {"110105194913010021", "id_number_date"},
        {"010105194912310021", "id_number_region"},
        {"119905194912310021", "id_number_region"},
        {"110105491231002", "id_number_old"},
        {"1101051949123100", "id_number_length"},
        {"1101051949123100222", "id_number_length"},
        {"1101051949123100AX", "id_number_characters"},
        {"X1010519491231002X", "id_number_characters"},
        {"１１０１０５１９４９１２３１００２Ｘ", NULL},
        {" 110105 19491231 002X", NULL},
        {"", "id_number_characters"},
        {"身份证", "id_number_characters"},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        IdNumber number = {};
        const char *code = id_number_check(arena, ID_RESIDENT, ROWS[i].text, TODAY, &number);
        ASSERT_STR_EQUAL(ROWS[i].code, code);
    }
}

TEST(id_number, gives_birth_date_and_gender)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    IdNumber number = {};
    ASSERT(id_number_check(arena, ID_RESIDENT, "11010519491231002x", TODAY, &number) == NULL);
    ASSERT_STR_EQUAL("11010519491231002X", number.normalized);
    ASSERT_STR_EQUAL("1949-12-31", date_format(arena, number.birth));
    ASSERT(number.has_person);
    ASSERT(!number.is_male);
}

TEST(id_number, check_character_is_computed_for_every_remainder)
{
    static const char *const ROWS[] = {"11010519491231002", "37010219900307123",
                                       "44030619880808881"};
    static const char EXPECTED[] = {'X', '0', '0'};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        int weight_sum = 0;
        static const int POWERS[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
        for (size_t k = 0; k < 17; k++) {
            weight_sum += (ROWS[i][k] - '0') * POWERS[k];
        }
        char character = id_number_check_character(ROWS[i]);
        int value = character == 'X' ? 10 : character - '0';
        ASSERT_INT_EQUAL(1, (weight_sum + value) % 11);
    }
    ASSERT_INT_EQUAL(EXPECTED[0], id_number_check_character(ROWS[0]));
}

TEST(id_number, of_other_documents_is_checked_lightly)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    static const struct {
        const char *type;
        const char *text;
        const char *code;
    } ROWS[] = {
        {"passport", "e12345678", NULL},
        {"passport", "E1", "id_number_format"},
        {"passport", "E-123 456", NULL},
        {"hk_macao_permit", "H12345678", NULL},
        {"hk_macao_permit", "12345678", "id_number_format"},
        {"taiwan_permit", "12345678", NULL},
        {"taiwan_permit", "1234", "id_number_format"},
        {"other", "A/17", NULL},
        {"driving_licence", "1", "id_document_type"},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        IdNumber number = {};
        ASSERT_STR_EQUAL(ROWS[i].code,
                         id_number_check(arena, ROWS[i].type, ROWS[i].text, TODAY, &number));
    }
}

TEST(id_number, is_masked)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_STR_EQUAL("1101************2X", id_number_mask(arena, "11010519491231002X"));
    ASSERT_STR_EQUAL("E1*****78", id_number_mask(arena, "E12345678"));
    ASSERT_STR_EQUAL("A***7", id_number_mask(arena, "A1237"));
    ASSERT_STR_EQUAL("****", id_number_mask(arena, "A127"));
}
