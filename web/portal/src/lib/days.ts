// Days and times as people say them: a weekday beside the date, one date for both ends of a shift.
import { formatDay, formatInstant, type DisplayOptions } from '@shared/lib/format'

/** "11月25日 周三", "Wed 25 Nov"; with the year where it is not this one. */
export function dayLabel(iso: string, options: DisplayOptions, now: Date = new Date()): string {
  const year = formatDay(iso, options).slice(0, 4)
  const thisYear = formatDay(now.toISOString(), options).slice(0, 4)
  return new Intl.DateTimeFormat(options.language === 'zh-CN' ? 'zh-CN' : 'en-GB', {
    timeZone: options.timeZone,
    month: options.language === 'zh-CN' ? 'long' : 'short',
    day: 'numeric',
    weekday: 'short',
    ...(year === thisYear ? {} : { year: 'numeric' }),
  }).format(new Date(iso))
}

export function timeOf(iso: string, options: DisplayOptions): string {
  return formatInstant(iso, options).slice(11)
}

/** "14:00 – 17:00"; the end names its day where it is another one. */
export function timeRange(starts: string, ends: string, options: DisplayOptions): string {
  const end = timeOf(ends, options)
  const sameDay = formatDay(starts, options) === formatDay(ends, options)
  return `${timeOf(starts, options)} – ${sameDay ? end : `${formatDay(ends, options).slice(5)} ${end}`}`
}

export interface Day<T> {
  day: string
  items: T[]
}

/** By local day of their beginning, earliest first. */
export function groupByDay<T extends { starts_at: string }>(
  items: readonly T[],
  options: DisplayOptions,
): Day<T>[] {
  const days = new Map<string, T[]>()
  const ordered = [...items].sort((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at))
  for (const item of ordered) {
    const day = formatDay(item.starts_at, options)
    days.set(day, [...(days.get(day) ?? []), item])
  }
  return [...days].map(([day, grouped]) => ({ day, items: grouped }))
}
