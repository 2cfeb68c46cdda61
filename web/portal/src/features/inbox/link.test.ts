import { expect, it } from 'vitest'
import { routeOfLink } from './link'

it.each([
  ['signup:17', { name: 'signup', params: { id: '17' } }],
  ['activity:3', { name: 'activity', params: { id: '3' } }],
  ['claim:5', { name: 'record', params: { id: '5' } }],
  ['dispute:5', { name: 'hours', query: { tab: 'disputes' } }],
  ['attendance:5', { name: 'shifts', query: { tab: 'past' } }],
  ['signup:', null],
  ['signup:../x', null],
  ['corrections', null],
  ['something:5', null],
  [null, null],
])('%s leads to %o', (link, route) => {
  expect(routeOfLink(link)).toEqual(route)
})
