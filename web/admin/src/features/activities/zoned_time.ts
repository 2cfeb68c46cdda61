// Times as the clocks of an activity's zone show them, "YYYY-MM-DD HH:mm", and as instants.

const LOCAL = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2})$/
const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
    formats.set(timeZone, format)
  }
  return format
}

export function toLocal(instant: string | null | undefined, timeZone: string): string {
  if (!instant) {
    return ''
  }
  const parts = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(new Date(instant))
      .map((part) => [part.type, part.value]),
  )
  return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}`
}

function asUtc(local: string): number {
  const match = LOCAL.exec(local)
  if (match === null) {
    throw new RangeError(`not a local time: ${local}`)
  }
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0] = match.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hour, minute)
}

/** Of a time that the clocks show twice the first one; of one that they skip, the one after it. */
export function toInstant(local: string, timeZone: string): string {
  const wanted = asUtc(local)
  const offsetAt = (at: number): number => asUtc(toLocal(new Date(at).toISOString(), timeZone)) - at
  // The offsets on both sides of a change of the clocks, the one before it first.
  const candidates = [offsetAt(wanted - 86_400_000), offsetAt(wanted + 86_400_000)].map(
    (offset) => wanted - offset,
  )
  const exact = candidates.find((at) => toLocal(new Date(at).toISOString(), timeZone) === local)
  return new Date(exact ?? candidates[0] ?? wanted).toISOString()
}

/** The instant of a field that may be empty. */
export function toInstantOrNull(local: string | null | undefined, timeZone: string): string | null {
  return local ? toInstant(local, timeZone) : null
}

/** "09:00–12:00", "22:00–06:00 (+1)": a span within the page of a day. */
export function spanText(startsAt: string, endsAt: string, timeZone: string): string {
  const from = toLocal(startsAt, timeZone)
  const to = toLocal(endsAt, timeZone)
  const days = Math.round(
    (asUtc(`${to.slice(0, 10)} 00:00`) - asUtc(`${from.slice(0, 10)} 00:00`)) / 86_400_000,
  )
  return `${from.slice(11)}–${to.slice(11)}${days > 0 ? ` (+${days})` : ''}`
}

/** "2026-01-02 09:00–12:00" */
export function dayAndSpan(startsAt: string, endsAt: string, timeZone: string): string {
  return `${toLocal(startsAt, timeZone).slice(0, 10)} ${spanText(startsAt, endsAt, timeZone)}`
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}

/** 1 is Monday, 7 Sunday. */
export function weekdayOf(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay() || 7
}
