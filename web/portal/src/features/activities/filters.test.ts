import { describe, expect, it } from 'vitest'
import {
  filtersFromQuery,
  isFiltered,
  NO_FILTERS,
  queryFromFilters,
  requestFromFilters,
} from './filters'

const now = new Date('2026-03-07T02:03:04.567Z')

describe('filters in the address', () => {
  it('come back as they went', () => {
    const filters = {
      q: '植树',
      category: '环境保护',
      from: '2026-03-08',
      to: '2026-03-09',
      near: '30.59,114.3',
      km: 5,
      open: true,
    }
    expect(filtersFromQuery(queryFromFilters(filters))).toEqual(filters)
    expect(isFiltered(filters)).toBe(true)
  })

  it('are none in a plain address, and leave it plain', () => {
    expect(filtersFromQuery({})).toEqual(NO_FILTERS)
    expect(queryFromFilters(NO_FILTERS)).toEqual({})
  })

  it('are not taken as they come', () => {
    const wild = { from: 'tomorrow', near: 'here', km: '7', open: 'yes', q: ['a', 'b'] }
    expect(filtersFromQuery(wild)).toEqual(NO_FILTERS)
  })
})

describe('what the server is asked', () => {
  it('is what has not ended, by the minute', () => {
    expect(requestFromFilters(NO_FILTERS, 'Asia/Shanghai', now)).toEqual({
      from: '2026-03-07T02:03:00.000Z',
    })
  })

  it('has the days of the organisation, the last one included', () => {
    const filters = { ...NO_FILTERS, from: '2026-03-08', to: '2026-03-08' }
    expect(requestFromFilters(filters, 'Asia/Shanghai', now)).toEqual({
      from: '2026-03-07T16:00:00.000Z',
      to: '2026-03-08T16:00:00.000Z',
    })
  })

  it('has the radius only with a place', () => {
    expect(requestFromFilters({ ...NO_FILTERS, km: 5 }, 'UTC', now)).not.toHaveProperty('radius_km')
    expect(requestFromFilters({ ...NO_FILTERS, near: '1,2', km: 5 }, 'UTC', now)).toMatchObject({
      near: '1,2',
      radius_km: 5,
    })
  })
})
