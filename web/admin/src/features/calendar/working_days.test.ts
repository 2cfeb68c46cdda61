import { describe, expect, it } from 'vitest'
import {
  daysOfSpan,
  exceptionMap,
  isWorking,
  monthWeeks,
  spansOf,
  workingDaysBetween,
} from './working_days'

const SPRING_2026 = exceptionMap([
  ...['15', '16', '17', '18', '19', '20', '21', '22', '23'].map((date) => ({
    day: `2026-02-${date}`,
    is_working: false,
  })),
  { day: '2026-02-14', is_working: true },
  { day: '2026-02-28', is_working: true },
])

describe('the working calendar', () => {
  it('works on weekdays, but for the exceptions', () => {
    expect(isWorking('2026-02-13', SPRING_2026)).toBe(true)
    expect(isWorking('2026-02-14', SPRING_2026)).toBe(true)
    expect(isWorking('2026-02-16', SPRING_2026)).toBe(false)
    expect(isWorking('2026-03-01', SPRING_2026)).toBe(false)
  })

  it.each([
    ['2026-02-13', '2026-02-13', 0],
    ['2026-02-13', '2026-02-14', 1],
    ['2026-02-13', '2026-02-23', 1],
    ['2026-02-13', '2026-03-02', 7],
    ['2026-03-02', '2026-02-13', -7],
    ['2026-12-30', '2027-01-04', 3],
  ])('from %s to %s there are %i working days', (from, to, count) => {
    expect(workingDaysBetween(from, to, SPRING_2026)).toBe(count)
  })
})

describe('the weeks of a month', () => {
  it('begin on Monday and leave other months out', () => {
    const weeks = monthWeeks(2026, 2)
    expect(weeks).toHaveLength(5)
    expect(weeks[0]?.map((cell) => cell?.date ?? null)).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
      1,
    ])
    expect(weeks[4]?.[5]?.day).toBe('2026-02-28')
    expect(weeks[4]?.[6]).toBeNull()
  })

  it('knows leap years', () => {
    expect(monthWeeks(2028, 2).flat().filter(Boolean)).toHaveLength(29)
  })
})

describe('spans of the calendar', () => {
  it('hold every day from the first to the last', () => {
    expect(daysOfSpan('2026-02-27', '2026-03-01')).toEqual([
      '2026-02-27',
      '2026-02-28',
      '2026-03-01',
    ])
    expect(daysOfSpan('2026-02-27', '2026-02-26')).toEqual([])
  })

  it('join days that follow each other under one name', () => {
    const off = (day: string, name: string) => ({ day, is_working: false, name })
    const spans = spansOf([
      off('2026-10-01', '国庆节'),
      off('2026-10-02', '国庆节'),
      off('2026-10-04', '国庆节'),
      { day: '2026-10-10', is_working: true, name: '国庆节调休' },
    ])
    expect(spans.map(({ from, to, count }) => [from, to, count])).toEqual([
      ['2026-10-01', '2026-10-02', 2],
      ['2026-10-04', '2026-10-04', 1],
      ['2026-10-10', '2026-10-10', 1],
    ])
  })
})
