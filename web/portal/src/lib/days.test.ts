import { describe, expect, it } from 'vitest'
import { dayLabel, groupByDay, timeRange } from './days'

const shanghai = { language: 'zh-CN', timeZone: 'Asia/Shanghai' }
const berlin = { language: 'en', timeZone: 'Europe/Berlin' }
const now = new Date('2026-03-01T00:00:00Z')

describe('a day', () => {
  it('is named with its weekday, in the zone where it happens', () => {
    expect(dayLabel('2026-03-07T18:00:00.000Z', shanghai, now)).toContain('3月8日')
    expect(dayLabel('2026-03-07T18:00:00.000Z', shanghai, now)).toContain('周日')
    expect(dayLabel('2026-03-07T18:00:00.000Z', berlin, now)).toMatch(/Sat.*7 Mar/)
  })

  it('names its year only when it is not this one', () => {
    expect(dayLabel('2026-03-07T18:00:00.000Z', berlin, now)).not.toContain('2026')
    expect(dayLabel('2027-03-07T18:00:00.000Z', berlin, now)).toContain('2027')
  })
})

describe('the time of a shift', () => {
  it('is two times of one day', () => {
    expect(timeRange('2026-03-07T01:00:00.000Z', '2026-03-07T04:30:00.000Z', shanghai)).toBe(
      '09:00 – 12:30',
    )
  })

  it('names the other day when it goes over midnight', () => {
    expect(timeRange('2026-03-07T14:00:00.000Z', '2026-03-07T18:00:00.000Z', shanghai)).toBe(
      '22:00 – 03-08 02:00',
    )
  })
})

describe('shifts by day', () => {
  const at = (starts_at: string) => ({ starts_at })

  it('come in order, each under its local day', () => {
    const days = groupByDay(
      [
        at('2026-03-08T01:00:00.000Z'),
        at('2026-03-07T17:00:00.000Z'),
        at('2026-03-07T01:00:00.000Z'),
      ],
      shanghai,
    )
    expect(days.map(({ day, items }) => [day, items.length])).toEqual([
      ['2026-03-07', 1],
      ['2026-03-08', 2],
    ])
    expect(days[1]?.items[0]?.starts_at).toBe('2026-03-07T17:00:00.000Z')
  })

  it('are none where there are none', () => {
    expect(groupByDay([], shanghai)).toEqual([])
  })
})
