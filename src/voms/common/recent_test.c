#include "voms/common/recent.h"

#include "tests/unit/test.h"

RECENT_TABLE(table, 64, int);

static bool find(uint64_t id, int64_t age_max_ms, int *ret_value, uint64_t *ret_epoch)
{
    return recent_get(&table, (RecentKey){.high = 1, .low = id}, age_max_ms, ret_value, ret_epoch);
}

TEST(recent, keeps_values_with_their_epoch_for_a_while)
{
    int value = 17;
    uint64_t epoch = 0;
    recent_clear(&table);
    ASSERT(!find(5, 1000, &value, &epoch));
    recent_put(&table, (RecentKey){1, 5}, 3, &value);
    value = 0;
    ASSERT(find(5, 1000, &value, &epoch));
    ASSERT_INT_EQUAL(17, value);
    ASSERT_INT_EQUAL(3, epoch);
    ASSERT(!find(5, -1, &value, &epoch));
    recent_clear(&table);
    ASSERT(!find(5, 1000, &value, &epoch));
}

TEST(recent, is_bounded)
{
    int found = 0;
    recent_clear(&table);
    for (int i = 1; i <= 10000; i++) {
        recent_put(&table, (RecentKey){1, (uint64_t)i}, 1, &i);
    }
    for (int i = 1; i <= 10000; i++) {
        int value = 0;
        uint64_t epoch = 0;
        if (find((uint64_t)i, 60000, &value, &epoch)) {
            ASSERT_INT_EQUAL(i, value);
            found++;
        }
    }
    ASSERT(found > 32 && found <= 64);
}
