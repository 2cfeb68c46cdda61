// How times, hours and files are shown. Times arrive in UTC and are shown in the organisation's zone.

const DASH = '—'

export interface DisplayOptions {
  language: string
  timeZone: string
}

export function formatInstant(iso: string | null | undefined, options: DisplayOptions): string {
  if (iso === null || iso === undefined || iso === '') {
    return DASH
  }
  const parts = partsOf(new Date(iso), options.timeZone)
  return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}`
}

export function formatInstantSeconds(iso: string, options: DisplayOptions): string {
  const { second } = partsOf(new Date(iso), options.timeZone)
  return `${formatInstant(iso, options)}:${second}`
}

export function formatDay(iso: string | null | undefined, options: DisplayOptions): string {
  return formatInstant(iso, options).split(' ')[0] ?? DASH
}

function partsOf(date: Date, timeZone: string): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  return Object.fromEntries(format.formatToParts(date).map((part) => [part.type, part.value]))
}

/** "5 minutes ago" in the person's language; `now` is a parameter so that it can be tested. */
export function formatRelative(iso: string, language: string, now: Date = new Date()): string {
  const seconds = (new Date(iso).getTime() - now.getTime()) / 1000
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['year', 31_536_000],
    ['month', 2_592_000],
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ]
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) {
      return format.format(Math.trunc(seconds / length), unit)
    }
  }
  return format.format(0, 'minute')
}

/** Service time is kept in whole minutes and shown as hours with at most two decimals. */
export function formatHours(minutes: number): string {
  return String(Math.round((minutes / 60) * 100) / 100)
}

export function formatCount(count: number, language: string): string {
  return new Intl.NumberFormat(language).format(count)
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** A number of mainland China is shown as people write it there; others keep their country code. */
export function formatPhone(phone: string | null | undefined): string {
  return orDash(phone?.replace(/^\+86(?=[\d*]{11}$)/, ''))
}

export function orDash(value: string | number | null | undefined): string {
  return value === null || value === undefined || value === '' ? DASH : String(value)
}

/**
 * The instant at which a local day begins in the organisation's zone, for filters by day.
 * `endOf` gives the start of the following day, for half-open ranges.
 */
export function dayStart(day: string, timeZone: string, endOf = false): string {
  const utc = Date.parse(`${day}T00:00:00Z`) + (endOf ? 86_400_000 : 0)
  return new Date(utc - zoneOffsetMs(new Date(utc), timeZone)).toISOString()
}

function zoneOffsetMs(at: Date, timeZone: string): number {
  const p = partsOf(at, timeZone)
  const local = Date.UTC(
    Number(p.year),
    Number(p.month) - 1,
    Number(p.day),
    Number(p.hour),
    Number(p.minute),
    Number(p.second),
  )
  return local - Math.floor(at.getTime() / 1000) * 1000
}
