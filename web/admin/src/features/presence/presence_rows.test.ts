import { describe, expect, it } from 'vitest'
import { lifeLeft, nextTap, spacedCode, withChanges } from './presence_rows'
import type { PresenceEntry } from './types'

function entry(id: number, state: PresenceEntry['state'], updated: string | null = null) {
  return { signup_id: id, volunteer_id: id, state, updated_at: updated } as PresenceEntry
}

describe('changes', () => {
  const rows = [entry(1, 'expected'), entry(2, 'present', '2026-05-01T01:00:00.000Z')]

  it('go to their places, new ones to the end', () => {
    const after = withChanges(
      rows,
      [entry(2, 'completed', '2026-05-01T02:00:00.000Z'), entry(3, 'expected')],
      null,
    )
    expect(after.map(({ signup_id: id, state }) => [id, state])).toEqual([
      [1, 'expected'],
      [2, 'completed'],
      [3, 'expected'],
    ])
  })

  it('do not undo what came later', () => {
    const late = entry(2, 'expected', '2026-05-01T00:30:00.000Z')
    expect(withChanges(rows, [late], null)[1]?.state).toBe('present')
  })

  it('leave a filtered list when they no longer match', () => {
    expect(withChanges([entry(1, 'expected')], [entry(1, 'present')], 'expected')).toEqual([])
    expect(withChanges([], [entry(4, 'present')], 'expected')).toEqual([])
  })
})

describe('the front desk', () => {
  it('checks in who is expected and out who is there', () => {
    expect((['expected', 'present', 'completed', 'absent'] as const).map(nextTap)).toEqual([
      'in',
      'out',
      null,
      null,
    ])
  })
})

describe('a rotating code', () => {
  it('has so much of its life left', () => {
    expect(lifeLeft(30_000, 15_000, 30)).toBe(0.5)
    expect(lifeLeft(30_000, 31_000, 30)).toBe(0)
    expect(lifeLeft(90_000, 0, 30)).toBe(1)
  })

  it('is shown in groups', () => {
    expect(spacedCode('123456')).toBe('123 456')
    expect(spacedCode('ABCD2345')).toBe('ABCD 2345')
  })
})
