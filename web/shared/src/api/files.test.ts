import { expect, it } from 'vitest'
import { filenameFromDisposition, pathWithQuery } from './files'

it.each([
  ['attachment; filename="volunteers.csv"', 'volunteers.csv'],
  ['attachment; filename=plain.xlsx', 'plain.xlsx'],
  [`attachment; filename="x.csv"; filename*=UTF-8''%E5%BF%97%E6%84%BF%E8%80%85.csv`, '志愿者.csv'],
  ['inline', null],
  [null, null],
])('the name in %s is %s', (header, name) => {
  expect(filenameFromDisposition(header)).toBe(name)
})

it('a query leaves out what is empty and repeats what is several', () => {
  expect(pathWithQuery('/x', { a: 1, b: '', c: null, d: undefined, e: ['1', '2'], f: false })).toBe(
    '/x?a=1&e=1&e=2&f=false',
  )
  expect(pathWithQuery('/x', {})).toBe('/x')
})
