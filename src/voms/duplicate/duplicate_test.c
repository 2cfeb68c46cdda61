#include "tests/unit/test.h"
#include "voms/duplicate/duplicate.h"

TEST(duplicate, is_the_likelier_the_more_is_alike)
{
    static const struct {
        DuplicateLikeness likeness;
        int64_t score;
        size_t reasons;
    } ROWS[] = {
        {{.id_number = true}, 100, 1},
        {{.id_number = true, .phone = true}, 100, 2},
        {{.name = true, .phone = true}, 93, 2},
        {{.name = true, .birth_date = true}, 80, 1},
        {{.name = true, .birth_date = true, .phone = true, .email = true}, 99, 4},
        {{.email = true}, 60, 1},
        {{.phone = true}, 40, 1},
        {{.name = true}, 0, 0},
        {{.birth_date = true}, 0, 0},
        {{}, 0, 0},
    };
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        TextList reasons = {};
        ASSERT_INT_EQUAL(ROWS[i].score, duplicate_rules_judge(arena, &ROWS[i].likeness, &reasons));
        ASSERT_INT_EQUAL(ROWS[i].reasons, reasons.count);
    }
}
