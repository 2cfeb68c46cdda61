#include "voms/common/recent.h"

#include <string.h>

#include "base/time.h"

/* The first slot of the key's set. Keys are ids or random, so mixing is enough. */
static size_t set_of(const Recent *recent, RecentKey key)
{
    uint64_t mixed = (key.low ^ (key.high << 1)) * UINT64_C(0x9E3779B97F4A7C15);
    size_t sets = recent->slot_count / RECENT_WAYS;
    return (size_t)(mixed >> 32) % sets * RECENT_WAYS;
}

static pthread_mutex_t *lock_of(Recent *recent, size_t set)
{
    return &recent->locks[set / RECENT_WAYS % RECENT_SHARDS];
}

static bool same_key(RecentKey a, RecentKey b)
{
    return a.high == b.high && a.low == b.low;
}

/* The slot that holds key, or the one to be replaced. */
static size_t choose_slot(const Recent *recent, size_t set, RecentKey key)
{
    size_t oldest = set;
    for (size_t i = set; i < set + RECENT_WAYS; i++) {
        if (same_key(recent->slots[i].key, key)) {
            return i;
        }
        if (recent->slots[i].stored_at < recent->slots[oldest].stored_at) {
            oldest = i;
        }
    }
    return oldest;
}

bool recent_get(Recent *recent, RecentKey key, int64_t age_max_ms, void *ret_value,
                uint64_t *ret_epoch)
{
    size_t set = set_of(recent, key);
    int64_t now = time_monotonic();
    pthread_mutex_lock(lock_of(recent, set));
    size_t i = choose_slot(recent, set, key);
    const RecentSlot *slot = &recent->slots[i];
    bool found = same_key(slot->key, key) && now - slot->stored_at <= age_max_ms;
    if (found) {
        memcpy(ret_value, recent->values + i * recent->value_bytes, recent->value_bytes);
        *ret_epoch = slot->epoch;
    }
    pthread_mutex_unlock(lock_of(recent, set));
    return found;
}

void recent_put(Recent *recent, RecentKey key, uint64_t epoch, const void *value)
{
    BUG_ON(key.high == 0 && key.low == 0);
    size_t set = set_of(recent, key);
    int64_t now = time_monotonic();
    pthread_mutex_lock(lock_of(recent, set));
    size_t i = choose_slot(recent, set, key);
    recent->slots[i] = (RecentSlot){.key = key, .epoch = epoch, .stored_at = now};
    memcpy(recent->values + i * recent->value_bytes, value, recent->value_bytes);
    pthread_mutex_unlock(lock_of(recent, set));
}

void recent_clear(Recent *recent)
{
    for (size_t set = 0; set < recent->slot_count; set += RECENT_WAYS) {
        pthread_mutex_lock(lock_of(recent, set));
        memset(&recent->slots[set], 0, RECENT_WAYS * sizeof(RecentSlot));
        pthread_mutex_unlock(lock_of(recent, set));
    }
}
