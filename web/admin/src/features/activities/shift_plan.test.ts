import { describe, expect, it } from 'vitest'
import {
  emptyPlan,
  minutesBetween,
  missingInPlan,
  planBody,
  ruleOf,
  weekdayName,
} from './shift_plan'

describe('a plan by weekdays', () => {
  it('is sent in the order of the week, with what differs', () => {
    const plan = emptyPlan('2026-05-01')
    plan.range = ['2026-05-01', '2026-05-31']
    plan.weekdays = ['su', 'mo']
    plan.spans = [{ starts: '22:00', ends: '06:00' }]
    plan.except = ['2026-05-17', '2026-05-03']
    plan.note = ' 带手套 '
    plan.needs = { 7: 5, 8: null }
    expect(planBody(plan)).toEqual({
      from: '2026-05-01',
      to: '2026-05-31',
      weekdays: ['mo', 'su'],
      spans: [{ starts: '22:00', ends: '06:00' }],
      except: ['2026-05-03', '2026-05-17'],
      note: '带手套',
      places: [{ position_id: 7, needed: 5 }],
    })
  })

  it('needs dates, weekdays and whole spans', () => {
    const plan = emptyPlan('2026-05-01')
    plan.weekdays = []
    plan.spans = [{ starts: '09:00', ends: '' }]
    expect(missingInPlan(plan)).toEqual(['range', 'weekdays', 'spans'])
  })
})

describe('a plan by a rule', () => {
  const plan = emptyPlan('2026-05-04')
  plan.mode = 'rule'

  it('is built from its parts', () => {
    plan.byday = ['we', 'mo']
    plan.interval = 2
    expect(ruleOf(plan)).toBe('FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=8')
    expect(planBody(plan)).toEqual({
      from: '2026-05-04',
      rule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=8',
      starts: '09:00',
      minutes: 180,
    })
    plan.end = 'until'
    plan.until = '2026-06-30'
    expect(planBody(plan)).toMatchObject({
      to: '2026-06-30',
      rule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE',
    })
  })

  it('can be written by hand', () => {
    plan.custom = true
    plan.rule = 'RRULE:FREQ=MONTHLY;BYDAY=1SA;COUNT=6 '
    expect(ruleOf(plan)).toBe('FREQ=MONTHLY;BYDAY=1SA;COUNT=6')
    expect(planBody(plan)).not.toHaveProperty('to')
    plan.rule = ' '
    expect(missingInPlan(plan)).toEqual(['rule'])
  })
})

describe('spans over midnight', () => {
  it('last until the next day', () => {
    expect(minutesBetween('22:00', '06:00')).toBe(480)
    expect(minutesBetween('09:00', '12:30')).toBe(210)
    expect(minutesBetween('09:00', '09:00')).toBe(1440)
  })
})

it('names the weekday of a day', () => {
  expect(['2026-11-23', '2026-11-28', '2026-11-29'].map(weekdayName)).toEqual(['mo', 'sa', 'su'])
})
