import { describe, expect, it } from 'vitest'
import { readableChanges } from './readable_changes'

const names: Record<string, string> = { 'state.draft': '草稿', 'state.published': '招募中' }
const nameOf = (field: string, code: string): string | undefined => names[`${field}.${code}`]

describe('changes', () => {
  it('say names for codes, and local times', () => {
    const changes = {
      state: { before: 'draft', after: 'published' },
      starts_at: { before: null, after: '2026-05-01T01:00:00.000Z' },
      name: { before: 'draft', after: '植树' },
    }
    expect(readableChanges(changes, 'Asia/Shanghai', nameOf)).toEqual({
      state: { before: '草稿', after: '招募中' },
      starts_at: { before: null, after: '2026-05-01 09:00' },
      name: { before: 'draft', after: '植树' },
    })
  })

  it('leave out what only the server needs, and what was not there before or after', () => {
    const changes = {
      id: { before: null, after: 4 },
      shift_id: { before: null, after: 4 },
      radius_m: { before: null, after: 0 },
      needed: { before: 2, after: 0 },
    }
    expect(readableChanges(changes, 'UTC', nameOf)).toEqual({ needed: { before: 2, after: 0 } })
  })
})
