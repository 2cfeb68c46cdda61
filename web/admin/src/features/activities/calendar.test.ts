import { describe, expect, it } from 'vitest'
import {
  addMonths,
  entriesByDay,
  inParallel,
  isMonth,
  monthGrid,
  type CalendarEntry,
} from './calendar'

describe('a month', () => {
  it('is shown in whole weeks from Monday on', () => {
    const grid = monthGrid('2026-11')
    expect(grid.length).toBe(42)
    expect(grid[0]).toEqual({ day: '2026-10-26', inside: false })
    expect(grid.at(-1)).toEqual({ day: '2026-12-06', inside: false })
    expect(grid.filter((day) => day.inside).length).toBe(30)
    // It begins on a Monday and has 28 days.
    expect(monthGrid('2027-02').length).toBe(28)
  })

  it('has neighbours, also over the year', () => {
    expect(addMonths('2026-12', 1)).toBe('2027-01')
    expect(addMonths('2026-01', -1)).toBe('2025-12')
    expect([isMonth('2026-12'), isMonth('2026-13'), isMonth('')]).toEqual([true, false, false])
  })
})

function entry(fields: Partial<CalendarEntry>): CalendarEntry {
  return {
    key: 'x',
    activityId: 1,
    name: 'x',
    state: 'published',
    startsAt: '2026-05-01T01:00:00.000Z',
    endsAt: '2026-05-01T02:00:00.000Z',
    timeZone: 'Asia/Shanghai',
    taken: 0,
    needed: 1,
    ...fields,
  }
}

describe('entries', () => {
  it('are on the day that their own clocks say, in the order of time', () => {
    const days = entriesByDay([
      entry({ key: 'late', startsAt: '2026-05-01T10:00:00.000Z' }),
      entry({ key: 'next', startsAt: '2026-05-01T16:30:00.000Z' }),
      entry({ key: 'early' }),
      entry({ key: 'west', startsAt: '2026-05-01T16:30:00.000Z', timeZone: 'Europe/Berlin' }),
    ])
    expect([...days].map(([day, list]) => [day, list.map(({ key }) => key)])).toEqual([
      ['2026-05-01', ['early', 'late', 'west']],
      ['2026-05-02', ['next']],
    ])
  })
})

describe('tasks in parallel', () => {
  it('are at most so many at a time, and their results in order', async () => {
    let running = 0
    let most = 0
    const results = await inParallel([5, 1, 3, 2], 2, async (ms) => {
      running += 1
      most = Math.max(most, running)
      await new Promise((done) => setTimeout(done, ms))
      running -= 1
      return ms * 10
    })
    expect(results).toEqual([50, 10, 30, 20])
    expect(most).toBe(2)
    expect(await inParallel([], 2, async () => 1)).toEqual([])
  })
})
