import { describe, expect, it } from 'vitest'
import {
  createBody,
  emptyModel,
  missingCoordinate,
  missingFields,
  modelOf,
  patchBody,
} from './activity_form'
import type { Activity } from './types'

const activity = {
  ...createBody({ ...emptyModel('Europe/Berlin'), name: '植树', category: '环保' }, 3),
  id: 9,
  recording_unit_id: 3,
  project_id: null,
  description: '在湖边',
  place_name: null,
  address: null,
  point: { latitude: 30.5, longitude: 114.3 },
  risk_notice: null,
  provided: null,
  contact_name: null,
  contact_phone: null,
  person_in_charge: null,
  insurance_policy: null,
  insurance_until: null,
  sign_up_opens_at: '2031-07-01T07:00:00.000Z',
  sign_up_closes_at: null,
} as unknown as Activity

describe('a new activity', () => {
  it('is sent without what is empty, in instants', () => {
    const model = emptyModel('Asia/Shanghai')
    Object.assign(model, { name: ' 植树 ', category: '环保', sign_up_opens_at: '2026-05-01 20:00' })
    model.point = { latitude: 30.5, longitude: 114.3 }
    const body = createBody(model, 3)
    expect(body).toMatchObject({
      unit_id: 3,
      name: '植树',
      sign_up_opens_at: '2026-05-01T12:00:00.000Z',
      point: { latitude: 30.5, longitude: 114.3 },
      cancel_deadline_minutes: 1440,
    })
    expect(body).not.toHaveProperty('description')
    expect(body).not.toHaveProperty('sign_up_closes_at')
    expect(body).not.toHaveProperty('recording_unit_id')
  })

  it('needs a unit, a name and a category, and whole points', () => {
    const model = emptyModel('UTC')
    expect(missingFields(model)).toEqual(['unit_id', 'name', 'category'])
    expect(missingCoordinate(model)).toBeNull()
    model.point.latitude = 30
    expect(missingCoordinate(model)).toBe('longitude')
  })
})

describe('a changed activity', () => {
  it('is sent with its changed fields alone', () => {
    const model = modelOf(activity)
    expect(model.sign_up_opens_at).toBe('2031-07-01 09:00')
    expect(patchBody(model, activity)).toEqual({})
    model.description = ' '
    model.place_name = '东湖'
    model.point = { latitude: null, longitude: null }
    model.sign_up_opens_at = '2031-07-01 10:00'
    expect(patchBody(model, activity)).toEqual({
      description: null,
      place_name: '东湖',
      point: null,
      sign_up_opens_at: '2031-07-01T08:00:00.000Z',
    })
  })

  it('keeps its times by the clock when its zone changes', () => {
    const model = modelOf(activity)
    model.time_zone = 'Asia/Shanghai'
    expect(patchBody(model, activity)).toEqual({
      time_zone: 'Asia/Shanghai',
      sign_up_opens_at: '2031-07-01T01:00:00.000Z',
    })
  })
})
