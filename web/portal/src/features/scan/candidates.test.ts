import { describe, expect, it } from 'vitest'
import type { Attendance, Signup } from '@shared/api/types'
import { currentSignups, nextDirection } from './candidates'

const now = new Date('2026-03-07T12:00:00Z')
const at = (hours: number): string => new Date(now.getTime() + hours * 3_600_000).toISOString()
const signup = (id: number, state: string, starts: number): Signup =>
  ({ id, state, starts_at: at(starts), ends_at: at(starts + 2) }) as Signup

describe('the shifts that a code may be for', () => {
  it('are those of now, the nearest first', () => {
    const found = currentSignups(
      [
        signup(1, 'approved', 2.5),
        signup(2, 'approved', -0.5),
        signup(3, 'approved', 24),
        signup(4, 'approved', -9),
        signup(5, 'attended', -3),
      ],
      now,
    )
    expect(found.map(({ id }) => id)).toEqual([2, 1, 5])
  })

  it('are none without a place', () => {
    expect(currentSignups([signup(1, 'waitlisted', 0), signup(2, 'cancelled', 0)], now)).toEqual([])
  })
})

it('who is there checks out next', () => {
  const there = { shift_id: 7, state: 'present', check_in_at: at(-1) } as Attendance
  expect(nextDirection(7, [there])).toBe('out')
  expect(nextDirection(8, [there])).toBe('in')
  expect(nextDirection(7, [{ ...there, state: 'completed' } as Attendance])).toBe('in')
})
