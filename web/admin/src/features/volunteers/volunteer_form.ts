// The form of a volunteer's data and what it becomes in the API's terms.
import type { CustomValue, Volunteer, VolunteerCreate, VolunteerPatch } from '@shared/api/types'

/** A value that is only known masked: undefined leaves it as it is, null clears it. */
export type Secret = string | null | undefined

export interface VolunteerModel {
  name: string
  gender: 'male' | 'female' | 'unspecified'
  birth_date: string
  id_document_type: '' | NonNullable<Volunteer['id_document_type']>
  id_number: Secret
  phone: Secret
  email: Secret
  address: Secret
  residence_region: string
  residence_region_text: string
  education: string
  occupation: string
  political_status: string
  skills: string[]
  service_categories: string[]
  languages: string[]
  custom: Record<string, CustomValue>
  unit_id: number | null
}

const PLAIN_TEXTS = [
  'birth_date',
  'id_document_type',
  'residence_region',
  'residence_region_text',
  'education',
  'occupation',
  'political_status',
] as const
const LISTS = ['skills', 'service_categories', 'languages'] as const
export const SECRETS = ['id_number', 'phone', 'email', 'address'] as const

export function emptyModel(unitId: number | null = null): VolunteerModel {
  return {
    name: '',
    gender: 'unspecified',
    birth_date: '',
    id_document_type: 'resident_id',
    id_number: undefined,
    phone: undefined,
    email: undefined,
    address: undefined,
    residence_region: '',
    residence_region_text: '',
    education: '',
    occupation: '',
    political_status: '',
    skills: [],
    service_categories: [],
    languages: [],
    custom: {},
    unit_id: unitId,
  }
}

export function modelOf(volunteer: Volunteer): VolunteerModel {
  const model = emptyModel(volunteer.unit_id)
  model.name = volunteer.name
  model.gender = volunteer.gender
  model.id_document_type = volunteer.id_document_type ?? ''
  for (const field of PLAIN_TEXTS) {
    if (field !== 'id_document_type') {
      model[field] = volunteer[field] ?? ''
    }
  }
  for (const field of LISTS) {
    model[field] = [...volunteer[field]]
  }
  model.custom = { ...volunteer.custom }
  return model
}

function trimmed(value: string): string | null {
  const text = value.trim()
  return text === '' ? null : text
}

function secretOf(value: Secret): Secret {
  return typeof value === 'string' ? (trimmed(value) ?? undefined) : value
}

/** The data of a new volunteer; what is empty is left out. */
export function createBody(
  model: VolunteerModel,
  unitId: number,
): Omit<VolunteerCreate, 'consent' | 'guardian'> {
  const body: Record<string, unknown> = {
    name: model.name.trim(),
    gender: model.gender,
    unit_id: unitId,
  }
  for (const field of PLAIN_TEXTS) {
    const value = trimmed(model[field])
    if (value !== null) {
      body[field] = value
    }
  }
  for (const field of SECRETS) {
    const value = secretOf(model[field])
    if (typeof value === 'string') {
      body[field] = value
    }
  }
  if (body.id_number === undefined) {
    delete body.id_document_type
  }
  for (const field of LISTS) {
    if (model[field].length > 0) {
      body[field] = model[field]
    }
  }
  if (Object.keys(model.custom).length > 0) {
    body.custom = model.custom
  }
  return body as Omit<VolunteerCreate, 'consent' | 'guardian'>
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Only what was changed, so that two people can edit different fields. */
export function patchBody(model: VolunteerModel, before: Volunteer): VolunteerPatch {
  const original = modelOf(before)
  const patch: Record<string, unknown> = {}
  if (model.name.trim() !== original.name) {
    patch.name = model.name.trim()
  }
  if (model.gender !== original.gender) {
    patch.gender = model.gender
  }
  if (model.unit_id !== null && model.unit_id !== original.unit_id) {
    patch.unit_id = model.unit_id
  }
  for (const field of PLAIN_TEXTS) {
    if (trimmed(model[field]) !== trimmed(original[field])) {
      patch[field] = trimmed(model[field])
    }
  }
  for (const field of SECRETS) {
    const value = secretOf(model[field])
    if (value !== undefined) {
      patch[field] = value
    }
  }
  for (const field of LISTS) {
    if (!same(model[field], original[field])) {
      patch[field] = model[field]
    }
  }
  const custom = Object.fromEntries(
    Object.entries(model.custom).filter(([key, value]) => !same(value, original.custom[key])),
  )
  if (Object.keys(custom).length > 0) {
    patch.custom = custom
  }
  return patch as VolunteerPatch
}

/** Whole years between a birth date and a day, both as YYYY-MM-DD. */
export function ageOn(birthDate: string, today: string): number {
  const years = Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4))
  return today.slice(5) < birthDate.slice(5) ? years - 1 : years
}
