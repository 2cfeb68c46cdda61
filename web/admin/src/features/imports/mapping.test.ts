import { describe, expect, it } from 'vitest'
import { findFault, isWorking, percentDone, stepOf } from './mapping'

describe('a mapping of columns', () => {
  it('is good with a name and each field once', () => {
    expect(
      findFault([
        { index: 0, field: 'name' },
        { index: 1, field: null },
        { index: 2, field: null },
        { index: 3, field: 'phone' },
      ]),
    ).toBeNull()
  })

  it('needs a name', () => {
    expect(findFault([{ index: 0, field: 'phone' }])).toEqual({ kind: 'no-name' })
  })

  it('cannot put two columns into one field', () => {
    expect(
      findFault([
        { index: 0, field: 'name' },
        { index: 1, field: 'phone' },
        { index: 2, field: 'phone' },
      ]),
    ).toEqual({ kind: 'twice', field: 'phone' })
  })
})

describe('the wizard', () => {
  it.each([
    ['uploaded', 'mapping'],
    ['mapped', 'mapping'],
    ['previewing', 'preview'],
    ['previewed', 'preview'],
    ['committing', 'commit'],
    ['done', 'result'],
    ['failed', 'result'],
    ['cancelled', 'result'],
  ] as const)('shows an import that is %s at the step %s', (state, step) => {
    expect(stepOf(state)).toBe(step)
  })

  it('follows events only while there are any', () => {
    expect(isWorking('committing')).toBe(true)
    expect(isWorking('previewed')).toBe(false)
  })
})

it.each([
  [null, 5, null],
  [0, 0, 100],
  [200, 0, 0],
  [200, 199, 99],
  [200, 200, 100],
  [200, 300, 100],
])('of %s rows %i are %s percent', (total, done, percent) => {
  expect(percentDone({ row_count: total, rows_done: done })).toBe(percent)
})
