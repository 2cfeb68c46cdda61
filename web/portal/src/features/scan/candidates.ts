// For which shift a typed code may be: those whose time is near.
import type { Attendance, Signup } from '@shared/api/types'
import type { Direction } from './scan_code'

// A little wider than the usual window of the server (60 min before to 120 min after), which has
// the last word.
const BEFORE_MS = 3 * 3_600_000
const AFTER_MS = 4 * 3_600_000

export function currentSignups(signups: readonly Signup[], now: Date): Signup[] {
  const at = now.getTime()
  return signups
    .filter(({ state }) => state === 'approved' || state === 'attended')
    .filter(
      ({ starts_at, ends_at }) =>
        Date.parse(starts_at) - BEFORE_MS <= at && at <= Date.parse(ends_at) + AFTER_MS,
    )
    .sort((a, b) => Math.abs(Date.parse(a.starts_at) - at) - Math.abs(Date.parse(b.starts_at) - at))
}

/** Who is there goes out next; everybody else comes in. */
export function nextDirection(shiftId: number, attendances: readonly Attendance[]): Direction {
  return attendances.some(
    (item) => item.shift_id === shiftId && item.state === 'present' && item.check_in_at !== null,
  )
    ? 'out'
    : 'in'
}
