import { describe, expect, it } from 'vitest'
import { keyOf, splitInterval } from './schedule'

describe('periodic duties', () => {
  it.each([
    [2, 'second', 2],
    [90, 'second', 90],
    [60, 'minute', 1],
    [600, 'minute', 10],
    [3600, 'hour', 1],
    [172800, 'day', 2],
  ])('every %i seconds', (seconds, unit, number) => {
    expect(splitInterval(seconds)).toEqual({ unit, number })
  })

  it('have names that messages can have', () => {
    expect(keyOf('notice.remind')).toBe('notice_remind')
    expect(keyOf('ledger-record-clock')).toBe('ledger_record_clock')
  })
})
