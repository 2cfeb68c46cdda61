import { describe, expect, it } from 'vitest'
import {
  actionsOf,
  bestPosition,
  columnsOf,
  dropAction,
  reasonsOfRefusal,
  verdictOf,
} from './board'
import type { Eligibility, SignupReason } from './types'

function reason(refuses: boolean, overridable: boolean): SignupReason {
  return { code: 'clash', message: 'x', refuses, overridable }
}

function position(id: number, free: number, ...reasons: SignupReason[]): Eligibility {
  return {
    shift_id: 1,
    position_id: id,
    position_name: 'x',
    eligible: reasons.every((item) => !item.refuses),
    outcome: 'approved',
    places: 3,
    free,
    waiting: 0,
    reasons,
  }
}

describe('the columns', () => {
  it('have one for offers where places are offered', () => {
    expect(columnsOf('promote').map(({ key }) => key)).toEqual([
      'pending',
      'approved',
      'waitlisted',
      'closed',
    ])
    expect(columnsOf('offer').map(({ key }) => key)).toContain('offered')
  })

  it('hold every state once', () => {
    const states = columnsOf('offer').flatMap((column) => column.states)
    expect(new Set(states).size).toBe(states.length)
    expect(states.length).toBe(8)
  })
})

describe('what may be done', () => {
  it('follows from the state', () => {
    expect(actionsOf('pending')).toEqual(['approve', 'reject', 'cancel'])
    expect(actionsOf('waitlisted')).toContain('moveUp')
    expect(actionsOf('cancelled')).toEqual([])
  })
})

describe('a card that is dropped', () => {
  it('is decided by the column, or is not taken', () => {
    expect(dropAction('pending', 'approved')).toBe('approve')
    expect(dropAction('waitlisted', 'approved')).toBe('approve')
    expect(dropAction('pending', 'closed')).toBe('reject')
    expect(dropAction('approved', 'closed')).toBe('cancel')
    expect(dropAction('approved', 'pending')).toBeNull()
    expect(dropAction('rejected', 'approved')).toBeNull()
  })
})

describe('placing somebody', () => {
  it('needs a reason when a rule stands against it, and cannot be when one is firm', () => {
    expect(verdictOf([])).toBe('free')
    expect(verdictOf([reason(false, false)])).toBe('free')
    expect(verdictOf([reason(true, true), reason(false, false)])).toBe('override')
    expect(verdictOf([reason(true, true), reason(true, false)])).toBe('impossible')
    expect(verdictOf([{ ...reason(false, true), code: 'full' }])).toBe('impossible')
  })

  it('begins with the position that fits best', () => {
    expect(bestPosition([])).toBeNull()
    expect(
      bestPosition([
        position(1, 2, reason(true, false)),
        position(2, 2, reason(true, true)),
        position(3, 0),
        position(4, 1),
      ]),
    ).toBe(4)
  })
})

describe('a refusal', () => {
  it('tells its reasons, without those that are only to be known', () => {
    const refusal = position(1, 0, reason(true, true), reason(false, false))
    expect(reasonsOfRefusal(refusal)).toEqual([reason(true, true)])
    expect([undefined, null, 'approved', {}].map(reasonsOfRefusal)).toEqual([[], [], [], []])
  })
})
