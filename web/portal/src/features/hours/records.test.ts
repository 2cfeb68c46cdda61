import { expect, it } from 'vitest'
import { minutesOfHours } from './records'

it.each([
  ['2', 120],
  ['2.5', 150],
  [' 0,25 ', 15],
  ['1.33', 80],
  ['0', null],
  ['-1', null],
  ['1h', null],
  ['1.234', null],
  ['999', null],
  ['', null],
])('"%s" hours are %s minutes', (text, minutes) => {
  expect(minutesOfHours(text)).toBe(minutes)
})
