// A month as weeks from Monday on, and what happens on each of its days.
import { addDays, toLocal, weekdayOf } from './zoned_time'

export interface CalendarDay {
  day: string
  /** Of the month that is shown, not of its neighbours. */
  inside: boolean
}

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/

export function isMonth(text: string): boolean {
  return MONTH.test(text)
}

export function addMonths(month: string, months: number): string {
  const [year = 1970, number = 1] = month.split('-').map(Number)
  const at = year * 12 + number - 1 + months
  return `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, '0')}`
}

/** Whole weeks; five or six of them, rarely four. */
export function monthGrid(month: string): CalendarDay[] {
  const first = `${month}-01`
  const afterLast = `${addMonths(month, 1)}-01`
  const days: CalendarDay[] = []
  for (
    let day = addDays(first, 1 - weekdayOf(first));
    day < afterLast || weekdayOf(day) !== 1;
    day = addDays(day, 1)
  ) {
    days.push({ day, inside: day.startsWith(month) })
  }
  return days
}

export interface CalendarEntry {
  key: string
  activityId: number
  name: string
  state: string
  startsAt: string
  endsAt: string
  timeZone: string
  taken: number
  needed: number
}

/** By the day on which each begins, as its own clocks say; earlier ones first. */
export function entriesByDay(entries: CalendarEntry[]): Map<string, CalendarEntry[]> {
  const days = new Map<string, CalendarEntry[]>()
  const ordered = [...entries].sort(
    (a, b) => a.startsAt.localeCompare(b.startsAt) || a.name.localeCompare(b.name),
  )
  for (const entry of ordered) {
    const day = toLocal(entry.startsAt, entry.timeZone).slice(0, 10)
    days.set(day, [...(days.get(day) ?? []), entry])
  }
  return days
}

/** Runs at most `width` tasks at a time, and gives the results in their order. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  async function work(): Promise<void> {
    while (next < items.length) {
      const at = next
      next += 1
      results[at] = await task(items[at] as T)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work))
  return results
}
