import { describe, expect, it } from 'vitest'
import type { Volunteer } from '@shared/api/types'
import { changedData, dataOf } from './my_data'

const file = {
  name: '王芳',
  gender: 'female',
  birth_date: '1994-05-17',
  phone: '+8613900001234',
  email: null,
  residence_region_text: null,
  address: null,
  education: '本科',
  occupation: null,
  skills: ['急救', '摄影'],
  languages: [],
} as unknown as Volunteer

describe('the own data', () => {
  it('are sent only where they were changed', () => {
    const data = dataOf(file)
    expect(changedData(data, file)).toEqual({})
    data.email = ' wang@example.org '
    data.education = ''
    data.skills = '急救、 翻译,摄影'
    expect(changedData(data, file)).toEqual({
      email: 'wang@example.org',
      education: null,
      skills: ['急救', '翻译', '摄影'],
    })
  })
})
