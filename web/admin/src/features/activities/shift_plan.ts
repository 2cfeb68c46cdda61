// Many shifts at once: by weekdays and spans, or by a rule of RFC 5545, as the forms hold them and
// as the API wants them.
import type { ShiftPlan } from './types'
import { WEEKDAYS } from './vocabulary'
import { weekdayOf } from './zoned_time'

export type Weekday = (typeof WEEKDAYS)[number]
export type Frequency = 'DAILY' | 'WEEKLY' | 'MONTHLY'

export interface Span {
  starts: string
  ends: string
}

export interface PlanModel {
  mode: 'weekdays' | 'rule'
  /** Of weekdays. */
  range: [string, string] | null
  weekdays: Weekday[]
  spans: Span[]
  /** Of a rule. */
  from: string
  starts: string
  ends: string
  frequency: Frequency
  interval: number
  byday: Weekday[]
  end: 'count' | 'until'
  count: number
  until: string
  /** Written by hand instead of the parts above. */
  custom: boolean
  rule: string
  /** Of both. */
  except: string[]
  note: string
  /** Numbers that differ from the positions', by position. */
  needs: Record<number, number | null>
}

export function emptyPlan(today: string): PlanModel {
  return {
    mode: 'weekdays',
    range: null,
    weekdays: ['sa', 'su'],
    spans: [{ starts: '09:00', ends: '12:00' }],
    from: today,
    starts: '09:00',
    ends: '12:00',
    frequency: 'WEEKLY',
    interval: 1,
    byday: [],
    end: 'count',
    count: 8,
    until: '',
    custom: false,
    rule: '',
    except: [],
    note: '',
    needs: {},
  }
}

/** The minutes from one time of day to another; one that is not later is on the next day. */
export function minutesBetween(starts: string, ends: string): number {
  const [from, to] = [starts, ends].map((time) => {
    const [hours = 0, minutes = 0] = time.split(':').map(Number)
    return hours * 60 + minutes
  }) as [number, number]
  return to > from ? to - from : to - from + 24 * 60
}

export function ruleOf(plan: PlanModel): string {
  if (plan.custom) {
    return plan.rule.trim().replace(/^RRULE:/i, '')
  }
  const parts = [`FREQ=${plan.frequency}`]
  if (plan.interval > 1) {
    parts.push(`INTERVAL=${plan.interval}`)
  }
  if (plan.frequency === 'WEEKLY' && plan.byday.length > 0) {
    const days = WEEKDAYS.filter((day) => plan.byday.includes(day))
    parts.push(`BYDAY=${days.join(',').toUpperCase()}`)
  }
  if (plan.end === 'count') {
    parts.push(`COUNT=${plan.count}`)
  }
  return parts.join(';')
}

export type PlanField = 'range' | 'weekdays' | 'spans' | 'from' | 'starts' | 'until' | 'rule'

export function missingInPlan(plan: PlanModel): PlanField[] {
  const missing: PlanField[] = []
  const need = (field: PlanField, there: boolean): void => {
    if (!there) {
      missing.push(field)
    }
  }
  if (plan.mode === 'weekdays') {
    need('range', plan.range !== null)
    need('weekdays', plan.weekdays.length > 0)
    need('spans', plan.spans.length > 0 && plan.spans.every((span) => span.starts && span.ends))
  } else {
    need('from', plan.from !== '')
    need('starts', plan.starts !== '' && plan.ends !== '')
    need('until', plan.custom || plan.end === 'count' || plan.until !== '')
    need('rule', !plan.custom || plan.rule.trim() !== '')
  }
  return missing
}

export function planBody(plan: PlanModel): ShiftPlan {
  const places = Object.entries(plan.needs)
    .filter(([, needed]) => needed !== null && needed !== undefined)
    .map(([id, needed]) => ({ position_id: Number(id), needed: needed as number }))
  const common = {
    ...(plan.except.length > 0 ? { except: [...plan.except].sort() } : {}),
    ...(plan.note.trim() === '' ? {} : { note: plan.note.trim() }),
    ...(places.length > 0 ? { places } : {}),
  }
  if (plan.mode === 'weekdays') {
    const [from = '', to = ''] = plan.range ?? []
    return {
      from,
      to,
      weekdays: WEEKDAYS.filter((day) => plan.weekdays.includes(day)),
      spans: plan.spans.map(({ starts, ends }) => ({ starts, ends })),
      ...common,
    }
  }
  return {
    from: plan.from,
    rule: ruleOf(plan),
    starts: plan.starts,
    minutes: minutesBetween(plan.starts, plan.ends),
    ...(!plan.custom && plan.end === 'until' ? { to: plan.until } : {}),
    ...common,
  }
}

/** The weekday of a day, as the API writes it. */
export function weekdayName(day: string): Weekday {
  return WEEKDAYS[weekdayOf(day) - 1] ?? 'mo'
}
