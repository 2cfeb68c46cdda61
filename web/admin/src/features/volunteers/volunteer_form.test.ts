import { describe, expect, it } from 'vitest'
import type { Volunteer } from '@shared/api/types'
import { ageOn, createBody, emptyModel, modelOf, patchBody } from './volunteer_form'

const stored: Volunteer = {
  id: 1,
  number: 'V0000000017',
  name: '张三',
  name_pinyin: 'zhang san',
  gender: 'male',
  birth_date: '1990-01-02',
  id_document_type: 'resident_id',
  id_number_masked: '110105********002X',
  phone: '138****0000',
  email: 'z***@example.org',
  residence_region: '110105',
  residence_region_text: '北京市朝阳区',
  address: '某**',
  education: '本科',
  occupation: null,
  political_status: null,
  skills: ['急救'],
  service_categories: [],
  languages: ['普通话'],
  unit_id: 3,
  unit_name: '朝阳分队',
  state: 'active',
  custom: { shirt: 'L' },
  service_minutes: 90,
  entered_by: null,
  consent_state: 'given',
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
  version: 4,
}

describe('editing a volunteer', () => {
  it('sends nothing when nothing was changed', () => {
    expect(patchBody(modelOf(stored), stored)).toEqual({})
  })

  it('never sends a masked value back', () => {
    const body = JSON.stringify(patchBody({ ...modelOf(stored), name: '张三丰' }, stored))
    expect(body).toBe('{"name":"张三丰"}')
  })

  it('sends only what was changed', () => {
    const model = modelOf(stored)
    model.occupation = ' 教师 '
    model.education = ''
    model.skills.push('摄影')
    model.custom.shirt = 'XL'
    expect(patchBody(model, stored)).toEqual({
      occupation: '教师',
      education: null,
      skills: ['急救', '摄影'],
      custom: { shirt: 'XL' },
    })
    expect(stored.skills).toEqual(['急救'])
  })

  it('can replace, keep or clear what is only known masked', () => {
    const model = modelOf(stored)
    model.phone = ' 13900000000 '
    model.email = null
    model.address = undefined
    expect(patchBody(model, stored)).toEqual({ phone: '13900000000', email: null })
  })
})

describe('entering a volunteer', () => {
  it('leaves out what is empty', () => {
    const model = { ...emptyModel(), name: ' 李四 ', phone: '13900000000' }
    expect(createBody(model, 7)).toEqual({
      name: '李四',
      gender: 'unspecified',
      phone: '13900000000',
      unit_id: 7,
    })
  })

  it('names the kind of document only with its number', () => {
    const model = { ...emptyModel(), name: '李四', id_number: '11010519491231002X' }
    expect(createBody(model, 7)).toMatchObject({
      id_document_type: 'resident_id',
      id_number: '11010519491231002X',
    })
  })
})

it.each([
  ['2008-03-05', '2026-03-04', 17],
  ['2008-03-05', '2026-03-05', 18],
  ['2008-02-29', '2026-02-28', 17],
  ['2008-02-29', '2026-03-01', 18],
])('who was born on %s is on %s of age %i', (birth, today, age) => {
  expect(ageOn(birth, today)).toBe(age)
})
