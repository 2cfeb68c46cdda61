import { describe, expect, it } from 'vitest'
import { targetOf } from './notice_link'

describe('where a notice leads', () => {
  it.each([
    ['import:7', { route: 'import', params: { id: '7' } }],
    ['activity:12', { route: 'activity', params: { id: '12' } }],
    ['dispute:5', { route: 'disputes' }],
  ])('%s', (link, target) => {
    expect(targetOf(link)).toEqual(target)
  })

  it.each([null, '', 'signup:3', 'import:', 'import:x', 'constructor:1'])('%s: nowhere', (link) => {
    expect(targetOf(link)).toBeNull()
  })
})
