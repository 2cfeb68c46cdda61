// The board of sign-ups: which states stand in which column, and what may be done with a sign-up.
import type { Eligibility, SignupReason, SignupState } from './types'

export interface BoardColumn {
  key: string
  states: SignupState[]
}

/** Those that are over share a column, of which one state at a time is shown. */
export const CLOSED_STATES: SignupState[] = ['rejected', 'cancelled', 'attended', 'absent']

export function columnsOf(waitlist: 'promote' | 'offer'): BoardColumn[] {
  return [
    { key: 'pending', states: ['pending'] },
    { key: 'approved', states: ['approved'] },
    ...(waitlist === 'offer' ? [{ key: 'offered', states: ['offered' as const] }] : []),
    { key: 'waitlisted', states: ['waitlisted'] },
    { key: 'closed', states: CLOSED_STATES },
  ]
}

export type SignupAction = 'approve' | 'reject' | 'cancel' | 'moveUp'

const ACTIONS: Record<SignupState, SignupAction[]> = {
  pending: ['approve', 'reject', 'cancel'],
  approved: ['cancel'],
  offered: ['cancel'],
  waitlisted: ['approve', 'moveUp', 'reject', 'cancel'],
  rejected: [],
  cancelled: [],
  attended: [],
  absent: [],
}

export function actionsOf(state: SignupState): SignupAction[] {
  return ACTIONS[state]
}

/** What dropping a card on a column means; null where it cannot be dropped. */
export function dropAction(state: SignupState, column: string): SignupAction | null {
  const actions = actionsOf(state)
  if (column === 'approved') {
    return actions.includes('approve') ? 'approve' : null
  }
  if (column === 'closed') {
    return (['reject', 'cancel'] as const).find((action) => actions.includes(action)) ?? null
  }
  return null
}

export type Verdict = 'free' | 'override' | 'impossible'

/**
 * Whether somebody can be placed: freely, by setting rules aside with a reason, or not at all. Whom
 * a full shift would send to the waitlist cannot be placed: staff give places, and there is none.
 */
export function verdictOf(reasons: readonly SignupReason[]): Verdict {
  const refusing = reasons.filter((reason) => reason.refuses)
  if (reasons.some((reason) => reason.code === 'full')) {
    return 'impossible'
  }
  if (refusing.length === 0) {
    return 'free'
  }
  return refusing.every((reason) => reason.overridable) ? 'override' : 'impossible'
}

/** The position to begin with: the first where somebody fits, or else the first at all. */
export function bestPosition(positions: readonly Eligibility[]): number | null {
  const ranks: Verdict[] = ['free', 'override', 'impossible']
  const ordered = [...positions].sort(
    (a, b) =>
      ranks.indexOf(verdictOf(a.reasons)) - ranks.indexOf(verdictOf(b.reasons)) ||
      Number(b.free > 0) - Number(a.free > 0),
  )
  return ordered[0]?.position_id ?? null
}

/** What stands against a decision, as a refusal (409) of the API tells it; none when it is another. */
export function reasonsOfRefusal(current: unknown): SignupReason[] {
  const reasons = (current as Partial<Eligibility> | null | undefined)?.reasons
  return Array.isArray(reasons) ? reasons.filter((reason) => reason.refuses) : []
}
