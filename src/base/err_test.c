#include "base/err.h"

#include <string.h>

#include "base/str.h"
#include "tests/unit/test.h"

TEST(err, every_kind_has_a_name_and_a_status)
{
    for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
        const ErrKindInfo *info = err_kind_info((ErrKind)kind);
        ASSERT(!str_is_empty(info->name));
        ASSERT(info->http_status >= 400 && info->http_status < 600);
        ASSERT(info->message_private == (info->http_status >= 499));
    }
}

TEST(err, wrap_keeps_what_the_client_sees_and_adds_to_the_log)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Err *cause = ERR(arena, ERR_CONFLICT, "volunteer_exists", "duplicate key %d", 5);
    cause->current = "active";
    Err *err = err_wrap(arena, cause, "while importing row %d", 7);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("volunteer_exists", err->code);
    ASSERT_STR_EQUAL("active", err->current);
    const char *expected =
        arena_printf(arena, "while importing row 7: duplicate key 5 (err_test.c:%d)", cause->line);
    ASSERT_STR_EQUAL(expected, err_text(arena, err));
}

TEST(err, wrapping_success_is_success)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_OK(err_wrap(arena, NULL, "nothing happened"));
    ASSERT(!err_is(NULL, ERR_INTERNAL));
}

TEST(err, fields_collect_in_order_under_one_error)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Err *err = NULL;
    err_add_field(arena, &err, "name", "required", NULL);
    err_add_field(arena, &err, "phone", "too_long", "20");
    ASSERT_ERR(ERR_INVALID, err);
    ASSERT_STR_EQUAL("validation_failed", err->code);
    ASSERT_STR_EQUAL("name", err->fields->field);
    ASSERT_STR_EQUAL("20", err->fields->next->param);
    ASSERT(err->fields->next->next == NULL);
}

TEST(err, a_copy_outlives_the_arena_of_the_original)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Arena *short_lived = arena_new();
    Err *err = NULL;
    err_add_field(short_lived, &err, "contacts[2].phone", "too_long", "20");
    err = err_wrap(short_lived, err, "outer");
    Err *copy = err_copy(arena, err);
    arena_free(short_lived);

    ASSERT_ERR(ERR_INVALID, copy);
    ASSERT_STR_EQUAL("contacts[2].phone", copy->fields->field);
    ASSERT(strstr(err_text(arena, copy), "outer: validation failed") != NULL);
    ASSERT(err_copy(arena, NULL) == NULL);
}

static Err *fails_first(Arena *arena, int *steps)
{
    TRY(ERR(arena, ERR_BUSY, "busy", "the first step fails"));
    (*steps)++;
    return NULL;
}

TEST(err, try_returns_at_the_first_failure)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    int steps = 0;
    ASSERT_ERR(ERR_BUSY, fails_first(arena, &steps));
    ASSERT_INT_EQUAL(0, steps);
}
