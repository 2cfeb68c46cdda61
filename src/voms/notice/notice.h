/* notice.h - what people are told: an inbox for everybody, and mail for who has an address.
 *
 * A notice is written once per event and person, whatever is delivered again: events come from the
 * bus (notice_sources.c says which, and whom they concern) or from the reminders' schedule. Its
 * text is made from a template when it is read or mailed, in the reader's language. */
#pragma once

#include "app/services.h"

extern const Concept notice_concept;

/* Is there mail that could not be sent and is tried again? *ret_reason is why, or NULL. Without a
 * mail server *ret_is_on is false. Yields. */
YIELDS Err *notice_find_mail_trouble(Ctx *ctx, bool *ret_is_on, const char **ret_reason);

/* How many unread notices the caller has, at most 1000. Yields. */
YIELDS Err *notice_count_unread(Ctx *ctx, int64_t *ret_count);

/* Gives the notices of one volunteer to another, whom it was merged into; of an event that both
 * were told of one is left. In the open transaction. Yields. */
YIELDS Err *notice_move(Ctx *ctx, VolunteerId from, VolunteerId to);
