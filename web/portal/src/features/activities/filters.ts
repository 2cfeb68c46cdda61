// The filters of the list, kept in the address: back, reload and a shared link show the same.
import { dayStart } from '@shared/lib/format'
import type { ActivityFilters } from './activity_api'

export interface Filters {
  q: string
  category: string
  /** Days such as 2026-03-07, both included. */
  from: string
  to: string
  /** "latitude,longitude" */
  near: string
  km: number
  open: boolean
}

export const NO_FILTERS: Filters = {
  q: '',
  category: '',
  from: '',
  to: '',
  near: '',
  km: 10,
  open: false,
}
export const RADII = [2, 5, 10, 30, 100] as const

type Query = Record<string, unknown>

function word(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function day(value: unknown): string {
  return /^\d{4}-\d\d-\d\d$/.test(word(value)) ? word(value) : ''
}

export function filtersFromQuery(query: Query): Filters {
  const km = Number(word(query.km))
  return {
    q: word(query.q),
    category: word(query.category),
    from: day(query.from),
    to: day(query.to),
    near: /^-?\d+(\.\d+)?,-?\d+(\.\d+)?$/.test(word(query.near)) ? word(query.near) : '',
    km: RADII.some((radius) => radius === km) ? km : NO_FILTERS.km,
    open: query.open === '1',
  }
}

export function queryFromFilters(filters: Filters): Record<string, string> {
  const { km, open, ...words } = filters
  return {
    ...Object.fromEntries(Object.entries(words).filter(([, value]) => value !== '')),
    ...(filters.near === '' || km === NO_FILTERS.km ? {} : { km: String(km) }),
    ...(open ? { open: '1' } : {}),
  }
}

export function isFiltered(filters: Filters): boolean {
  return Object.keys(queryFromFilters(filters)).length > 0
}

/** For the server: instants in place of days. Only what has not ended is of interest. */
export function requestFromFilters(
  filters: Filters,
  timeZone: string,
  now: Date = new Date(),
): ActivityFilters {
  const from = filters.from === '' ? '' : dayStart(filters.from, timeZone)
  return {
    from: from === '' || Date.parse(from) < now.getTime() ? wholeMinute(now) : from,
    ...(filters.to === '' ? {} : { to: dayStart(filters.to, timeZone, /* endOf= */ true) }),
    ...(filters.q === '' ? {} : { q: filters.q }),
    ...(filters.category === '' ? {} : { category: filters.category }),
    ...(filters.near === '' ? {} : { near: filters.near, radius_km: filters.km }),
    ...(filters.open ? { open_places: true } : {}),
  }
}

/** So that visitors of one minute ask the same question, which the server keeps the answer of. */
function wholeMinute(now: Date): string {
  return new Date(Math.floor(now.getTime() / 60_000) * 60_000).toISOString()
}
