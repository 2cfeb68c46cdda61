import { describe, expect, it } from 'vitest'
import { addDays, dayAndSpan, spanText, toInstant, toLocal, weekdayOf } from './zoned_time'

describe('local times', () => {
  it('go to instants and back', () => {
    expect(toInstant('2026-05-01 09:30', 'Asia/Shanghai')).toBe('2026-05-01T01:30:00.000Z')
    expect(toLocal('2026-05-01T01:30:00.000Z', 'Asia/Shanghai')).toBe('2026-05-01 09:30')
    expect(toInstant('2031-07-01 09:00', 'Europe/Berlin')).toBe('2031-07-01T07:00:00.000Z')
    expect(toInstant('2031-01-01 00:00', 'Europe/Berlin')).toBe('2030-12-31T23:00:00.000Z')
  })

  it('take the first of a time that comes twice, and the later of one that is skipped', () => {
    // Berlin: 03:00 became 02:00 on 2031-10-26, and 02:00 became 03:00 on 2031-03-30.
    expect(toInstant('2031-10-26 02:30', 'Europe/Berlin')).toBe('2031-10-26T00:30:00.000Z')
    expect(toInstant('2031-03-30 02:30', 'Europe/Berlin')).toBe('2031-03-30T01:30:00.000Z')
    expect(toInstant('2031-03-30 03:30', 'Europe/Berlin')).toBe('2031-03-30T01:30:00.000Z')
    expect(toInstant('2031-03-30 01:30', 'Europe/Berlin')).toBe('2031-03-30T00:30:00.000Z')
  })

  it('refuse what is no time', () => {
    expect(() => toInstant('tomorrow', 'UTC')).toThrow(RangeError)
    expect(toLocal(null, 'UTC')).toBe('')
  })
})

describe('spans', () => {
  it('say when they end on a later day', () => {
    const zone = 'Asia/Shanghai'
    const night = ['2026-05-01T14:00:00.000Z', '2026-05-01T22:00:00.000Z'] as const
    expect(spanText(...night, zone)).toBe('22:00–06:00 (+1)')
    expect(dayAndSpan(...night, zone)).toBe('2026-05-01 22:00–06:00 (+1)')
    expect(spanText('2026-05-01T01:00:00.000Z', '2026-05-01T04:00:00.000Z', zone)).toBe(
      '09:00–12:00',
    )
  })
})

describe('days', () => {
  it('are counted over the ends of months and years', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
    expect(addDays('2028-03-01', -1)).toBe('2028-02-29')
    expect(weekdayOf('2026-11-23')).toBe(1)
    expect(weekdayOf('2026-11-29')).toBe(7)
  })
})
