import { describe, expect, it } from 'vitest'
import { minutesOf, spanOf } from './minutes'

describe('hours and minutes', () => {
  it.each([
    [0, { hours: 0, minutes: 0 }],
    [59, { hours: 0, minutes: 59 }],
    [90, { hours: 1, minutes: 30 }],
    [44640, { hours: 744, minutes: 0 }],
  ])('%i minutes', (total, span) => {
    expect(spanOf(total)).toEqual(span)
    expect(minutesOf(span)).toBe(total)
  })
})
