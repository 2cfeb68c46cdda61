import { describe, expect, it } from 'vitest'
import { needsOf, shiftBody, shiftPatch, type ShiftModel } from './shift_form'
import type { Shift } from './types'

const model: ShiftModel = {
  starts_at: '2026-05-01 22:00',
  ends_at: '2026-05-02 06:00',
  place_name: '',
  address: ' 东湖路 1 号 ',
  note: '',
  needs: { 3: 5, 4: null },
}

describe('a shift', () => {
  it('is sent in instants, with the numbers that differ', () => {
    expect(shiftBody(model, 'Asia/Shanghai')).toEqual({
      starts_at: '2026-05-01T14:00:00.000Z',
      ends_at: '2026-05-01T22:00:00.000Z',
      address: '东湖路 1 号',
      places: [{ position_id: 3, needed: 5 }],
    })
  })

  it('is changed by its changed fields alone', () => {
    expect(shiftPatch(model, model, 'Asia/Shanghai', {})).toEqual({})
    const changed = { ...model, ends_at: '2026-05-02 07:00', address: '', needs: { 3: null, 4: 0 } }
    expect(shiftPatch(changed, model, 'Asia/Shanghai', { 3: 2, 4: 9 })).toEqual({
      ends_at: '2026-05-01T23:00:00.000Z',
      address: null,
      places: [
        { position_id: 3, needed: 2 },
        { position_id: 4, needed: 0 },
      ],
    })
  })

  it('shows the numbers that it names itself', () => {
    const places = [
      { position_id: 3, needed: 5, overridden: true },
      { position_id: 4, needed: 2, overridden: false },
    ]
    expect(needsOf({ places } as Shift)).toEqual({ 3: 5 })
  })
})
