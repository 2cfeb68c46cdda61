import { expect, it } from 'vitest'
import type { Volunteer } from '@shared/api/types'
import { proposeMerge } from './merge_fields'

function volunteer(values: Partial<Volunteer>): Volunteer {
  return {
    name: '张三',
    gender: 'male',
    birth_date: null,
    id_number_masked: null,
    phone: null,
    email: null,
    residence_region: null,
    residence_region_text: null,
    address: null,
    education: null,
    occupation: null,
    political_status: null,
    unit_name: '总队',
    ...values,
  } as Volunteer
}

it('asks only where the files differ', () => {
  expect(proposeMerge(volunteer({}), volunteer({}))).toEqual([])
})

it('proposes this file’s value, and the other one’s where this has none', () => {
  const one = volunteer({ phone: '138****0000', gender: 'unspecified' })
  const other = volunteer({ phone: '139****0000', email: 'a***@b.c', gender: 'female' })
  expect(proposeMerge(one, other)).toEqual([
    { field: 'gender', keep: 'other' },
    { field: 'phone', keep: 'this' },
    { field: 'email', keep: 'other' },
  ])
})
