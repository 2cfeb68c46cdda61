import { expect, it } from 'vitest'
import { nextPath } from './next'

it.each([
  ['/activities/7', '/activities/7'],
  ['/shifts?past=1', '/shifts?past=1'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['https://evil.example', '/'],
  [undefined, '/'],
  [['/a', '/b'], '/'],
])('after the login, %s leads to %s', (next, path) => {
  expect(nextPath(next)).toBe(path)
})
