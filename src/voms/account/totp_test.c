#include "tests/unit/fixture.h"
#include "voms/account/account_internal.h"

#include <liboath/oath.h>
#include <stdlib.h>
#include <string.h>

/* RFC 6238's key "12345678901234567890" in base32. */
#define RFC_SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

TEST(totp, knows_the_codes_of_rfc_6238)
{
    /* The last six digits of appendix B's eight. */
    static const struct {
        int64_t seconds;
        const char *code;
    } rows[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        TimeMs now = rows[i].seconds * SECOND_MS;
        int64_t step = rows[i].seconds / 30;
        ASSERT_INT_EQUAL(step, totp_match(RFC_SECRET, rows[i].code, now));
        ASSERT_INT_EQUAL(step, totp_match(RFC_SECRET, rows[i].code, now + 30 * SECOND_MS));
        ASSERT_INT_EQUAL(-1, totp_match(RFC_SECRET, rows[i].code, now + 60 * SECOND_MS));
    }
    ASSERT_INT_EQUAL(-1, totp_match(RFC_SECRET, "28708", 59 * SECOND_MS));
    ASSERT_INT_EQUAL(-1, totp_match("not base32!", "287082", 59 * SECOND_MS));
}

static const char *code_at(Arena *arena, const char *secret, TimeMs now)
{
    char *bytes = NULL;
    size_t length = 0;
    char code[7];
    ASSERT(oath_base32_decode(secret, strlen(secret), &bytes, &length) == OATH_OK);
    ASSERT(oath_totp_generate(bytes, length, (time_t)(now / SECOND_MS), 30, 0, 6, code) == OATH_OK);
    free(bytes);
    return arena_strdup(arena, code);
}

FIXTURE_TEST(totp, code_is_taken_once)
{
    AccountId account_id = fixture_account(ctx, "li.na");
    const char *secret = NULL;
    TextList codes = {};
    bool taken = false;
    ASSERT_OK(totp_start(ctx, account_id, &secret));
    const char *code = code_at(ctx->arena, secret, ctx->now);
    ASSERT_OK(totp_take_code(ctx, account_id, code, &taken));
    ASSERT(!taken); /* not confirmed yet */
    ASSERT_ERR(ERR_INVALID, totp_confirm(ctx, account_id, "000000", &codes));
    ASSERT_OK(totp_confirm(ctx, account_id, code, &codes));
    ASSERT_INT_EQUAL(RECOVERY_CODE_COUNT, codes.count);
    ASSERT_ERR(ERR_CONFLICT, totp_confirm(ctx, account_id, code, &codes));
    ASSERT_ERR(ERR_CONFLICT, totp_start(ctx, account_id, &secret));
    ASSERT_OK(totp_take_code(ctx, account_id, code, &taken));
    ASSERT(!taken); /* the code that confirmed */
    fixture_advance(ctx, 30 * SECOND_MS);
    code = code_at(ctx->arena, secret, ctx->now);
    ASSERT_OK(totp_take_code(ctx, account_id, code, &taken));
    ASSERT(taken);
    ASSERT_OK(totp_take_code(ctx, account_id, code, &taken));
    ASSERT(!taken);
}

FIXTURE_TEST(totp, recovery_code_is_taken_once_however_it_is_typed)
{
    AccountId account_id = fixture_account(ctx, "li.na");
    TextList codes = {};
    int64_t left = 0;
    bool taken = false;
    ASSERT_OK(totp_renew_recovery_codes(ctx, account_id, &codes));
    const char *typed = arena_printf(ctx->arena, " %.4s%.4s %s", codes.items[0], codes.items[0] + 5,
                                     codes.items[0] + 10);
    ASSERT_OK(totp_take_recovery_code(ctx, account_id, typed, &taken));
    ASSERT(taken);
    ASSERT_OK(totp_take_recovery_code(ctx, account_id, codes.items[0], &taken));
    ASSERT(!taken);
    ASSERT_OK(totp_count_recovery_codes(ctx, account_id, &left));
    ASSERT_INT_EQUAL(RECOVERY_CODE_COUNT - 1, left);
}
