import { expect, it } from 'vitest'
import { wordMinutes } from './duration'

it.each([
  [1440, 'unit.days', 1],
  [2880, 'unit.days', 2],
  [720, 'unit.hours', 12],
  [90, 'unit.minutes', 90],
  [0, 'unit.minutes', 0],
])('%i minutes are said in %s', (minutes, key, count) => {
  expect(wordMinutes(minutes)).toEqual({ key, values: { count } })
})
