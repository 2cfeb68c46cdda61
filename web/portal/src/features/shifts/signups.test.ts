import { describe, expect, it } from 'vitest'
import type { Signup, SignupState } from '@shared/api/types'
import { cancelDeadline, sortSignups } from './signups'

const now = new Date('2026-03-07T12:00:00Z')

function signup(id: number, state: SignupState, startsInHours: number): Signup {
  const at = (hours: number): string => new Date(now.getTime() + hours * 3_600_000).toISOString()
  return { id, state, starts_at: at(startsInHours), ends_at: at(startsInHours + 2) } as Signup
}

describe('the own sign-ups', () => {
  it('put what comes next first, and offers before all', () => {
    const sorted = sortSignups(
      [
        signup(1, 'approved', 48),
        signup(2, 'approved', 3),
        signup(3, 'offered', 72),
        signup(4, 'waitlisted', 24),
      ],
      now,
    )
    expect(sorted.upcoming.map(({ id }) => id)).toEqual([3, 2, 4, 1])
    expect(sorted.past).toEqual([])
  })

  it('keep a shift that runs among the coming ones', () => {
    expect(sortSignups([signup(1, 'approved', -1)], now).upcoming).toHaveLength(1)
  })

  it('put aside what is over or called off, the latest first', () => {
    const sorted = sortSignups(
      [
        signup(1, 'attended', -48),
        signup(2, 'cancelled', 24),
        signup(3, 'approved', -5),
        signup(4, 'rejected', 2),
      ],
      now,
    )
    expect(sorted.upcoming).toEqual([])
    expect(sorted.past.map(({ id }) => id)).toEqual([2, 4, 3, 1])
  })
})

describe('the deadline for cancelling', () => {
  it('is counted back from the start of the shift', () => {
    expect(cancelDeadline(signup(1, 'approved', 30), 1440)?.toISOString()).toBe(
      '2026-03-07T18:00:00.000Z',
    )
  })

  it('is none for a place that one does not have yet', () => {
    expect(cancelDeadline(signup(1, 'waitlisted', 30), 1440)).toBeNull()
  })
})
