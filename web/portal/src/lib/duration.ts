// Lengths of time in the largest unit that says them exactly.
import type { Wording } from './wording'

export function wordMinutes(minutes: number): Wording {
  if (minutes > 0 && minutes % 1440 === 0) {
    return { key: 'unit.days', values: { count: minutes / 1440 } }
  }
  if (minutes > 0 && minutes % 60 === 0) {
    return { key: 'unit.hours', values: { count: minutes / 60 } }
  }
  return { key: 'unit.minutes', values: { count: minutes } }
}
