// Which days are worked: weekdays, but for the exceptions of the working calendar. Days are texts
// "YYYY-MM-DD"; the arithmetic is in UTC, so that no time zone bends it.
export interface CalendarException {
  day: string
  is_working: boolean
}

const DAY_MS = 86_400_000

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10)
}

export function isWeekend(day: string): boolean {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
  return weekday === 0 || weekday === 6
}

export function isWorking(day: string, exceptions: ReadonlyMap<string, boolean>): boolean {
  return exceptions.get(day) ?? !isWeekend(day)
}

export function exceptionMap(days: readonly CalendarException[]): Map<string, boolean> {
  return new Map(days.map(({ day, is_working: working }) => [day, working]))
}

/** Working days after `from` until `to`, that one counted; negative when `to` is before `from`. */
export function workingDaysBetween(
  from: string,
  to: string,
  exceptions: ReadonlyMap<string, boolean>,
): number {
  if (to < from) {
    return -workingDaysBetween(to, from, exceptions)
  }
  let count = 0
  for (let day = addDays(from, 1); day <= to; day = addDays(day, 1)) {
    count += isWorking(day, exceptions) ? 1 : 0
  }
  return count
}

export interface CalendarCell {
  day: string
  date: number
}

/** A month as weeks that begin on Monday; null where another month's days would be. */
export function monthWeeks(year: number, month: number): (CalendarCell | null)[][] {
  const first = `${year}-${String(month).padStart(2, '0')}-01`
  const lead = (new Date(`${first}T00:00:00Z`).getUTCDay() + 6) % 7
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
  const cells: (CalendarCell | null)[] = [
    ...Array.from({ length: lead }, () => null),
    ...Array.from({ length }, (_, index) => ({ day: addDays(first, index), date: index + 1 })),
  ]
  while (cells.length % 7 !== 0) {
    cells.push(null)
  }
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7))
}

export function daysOfSpan(from: string, to: string): string[] {
  const days: string[] = []
  for (let day = from; day <= to; day = addDays(day, 1)) {
    days.push(day)
  }
  return days
}

export interface CalendarSpan {
  from: string
  to: string
  name: string
  is_working: boolean
  count: number
}

/** Days that follow each other under one name, as one line. They come in the order of their dates. */
export function spansOf(
  days: readonly { day: string; is_working: boolean; name: string }[],
): CalendarSpan[] {
  const spans: CalendarSpan[] = []
  for (const one of days) {
    const last = spans.at(-1)
    if (
      last !== undefined &&
      last.name === one.name &&
      last.is_working === one.is_working &&
      addDays(last.to, 1) === one.day
    ) {
      last.to = one.day
      last.count += 1
    } else {
      spans.push({
        from: one.day,
        to: one.day,
        name: one.name,
        is_working: one.is_working,
        count: 1,
      })
    }
  }
  return spans
}
