import { describe, expect, it } from 'vitest'
import { clockOf } from './clock'

const open = (due: string | null) => ({ due_on: due, finished_at: null })
const NONE = new Map<string, boolean>()

describe('the clock of service records', () => {
  it('stops when they are finished', () => {
    const done = { due_on: '2026-03-16', finished_at: '2026-03-20T01:00:00Z' }
    expect(clockOf(done, '2026-03-30', NONE)).toEqual({ tone: 'done', days: 0 })
  })

  it('counts working days until they are due', () => {
    expect(clockOf(open('2026-03-16'), '2026-03-02', NONE)).toEqual({ tone: 'calm', days: 10 })
    expect(clockOf(open('2026-03-16'), '2026-03-12', NONE)).toEqual({ tone: 'soon', days: 2 })
    expect(clockOf(open('2026-03-16'), '2026-03-16', NONE)).toEqual({ tone: 'soon', days: 0 })
  })

  it('counts how long they are overdue, and leaves holidays out', () => {
    expect(clockOf(open('2026-03-16'), '2026-03-17', NONE)).toEqual({ tone: 'late', days: 1 })
    expect(clockOf(open('2026-03-13'), '2026-03-15', NONE)).toEqual({ tone: 'late', days: 1 })
    const holiday = new Map([['2026-03-18', false]])
    expect(clockOf(open('2026-03-16'), '2026-03-19', holiday)).toEqual({ tone: 'late', days: 2 })
  })

  it('knows nothing before the activity has ended', () => {
    expect(clockOf(open(null), '2026-03-19', NONE).tone).toBe('none')
  })
})
