// What a presence screen shows, kept current by the server's events.
import type { Direction, PresenceEntry, PresenceState } from './types'

export const PRESENCE_STATES: PresenceState[] = ['expected', 'present', 'completed', 'absent']
export const ATTENDANCE_STATES = ['present', 'completed', 'absent', 'voided'] as const
export const REVIEWS = ['needed', 'approved', 'rejected', 'none'] as const
export const GRADES = ['A', 'B', 'C', 'D'] as const

/**
 * Takes in what changed: each entry in its place, those that are new at the end. With a filter, an
 * entry that no longer matches it goes away.
 */
export function withChanges(
  rows: readonly PresenceEntry[],
  changed: readonly PresenceEntry[],
  state: PresenceState | null,
): PresenceEntry[] {
  const byId = new Map(rows.map((row) => [row.signup_id, row]))
  for (const entry of changed) {
    const known = byId.get(entry.signup_id)
    // Events can come after the answer to a call that was made later.
    if (known?.updated_at && entry.updated_at && entry.updated_at < known.updated_at) {
      continue
    }
    if (state === null || entry.state === state) {
      byId.set(entry.signup_id, entry)
    } else {
      byId.delete(entry.signup_id)
    }
  }
  return [...byId.values()]
}

/** What the front desk does next with somebody, if anything. */
export function nextTap(state: PresenceState): Direction | null {
  const taps: Record<PresenceState, Direction | null> = {
    expected: 'in',
    present: 'out',
    completed: null,
    absent: null,
  }
  return taps[state]
}

/** The part of the code's life that is left, between 0 and 1. */
export function lifeLeft(expiresAt: number, now: number, stepSeconds: number): number {
  return Math.min(1, Math.max(0, (expiresAt - now) / (stepSeconds * 1000)))
}

/** "123456" as "123 456": easier to read aloud and to type. */
export function spacedCode(code: string): string {
  return code.replace(/(.{3,4})(?=.{3,4}$)/, '$1 ')
}
