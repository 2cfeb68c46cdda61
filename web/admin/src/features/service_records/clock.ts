// The working days that are left until the records of an activity are due (D67 Art. 11).
import { workingDaysBetween } from '@/features/calendar/working_days'

export type ClockTone = 'done' | 'late' | 'soon' | 'calm' | 'none'

export interface Clock {
  tone: ClockTone
  /** Working days: left, or how long overdue. */
  days: number
}

const SOON_DAYS = 3

export function clockOf(
  settlement: { due_on: string | null; finished_at: string | null },
  today: string,
  exceptions: ReadonlyMap<string, boolean>,
): Clock {
  if (settlement.finished_at !== null) {
    return { tone: 'done', days: 0 }
  }
  if (settlement.due_on === null) {
    return { tone: 'none', days: 0 }
  }
  const left = workingDaysBetween(today, settlement.due_on, exceptions)
  if (settlement.due_on < today) {
    // A due day that was not worked anyway: late by no working day yet, and late all the same.
    return { tone: 'late', days: Math.max(1, -left) }
  }
  return { tone: left <= SOON_DAYS ? 'soon' : 'calm', days: left }
}
