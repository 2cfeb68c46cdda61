// The own file as the form holds it, and what of it was changed, as the API wants it.
import type { Schemas, Volunteer } from '@shared/api/types'

const TEXTS = [
  'phone',
  'email',
  'residence_region_text',
  'address',
  'education',
  'occupation',
] as const
const LISTS = ['skills', 'languages'] as const

export const TEXT_FIELDS = TEXTS
export const LIST_FIELDS = LISTS

export interface MyData {
  name: string
  gender: Volunteer['gender']
  birth_date: string
  phone: string
  email: string
  residence_region_text: string
  address: string
  education: string
  occupation: string
  /** Words with commas between them. */
  skills: string
  languages: string
}

export function emptyData(): MyData {
  return {
    name: '',
    gender: 'unspecified',
    birth_date: '',
    phone: '',
    email: '',
    residence_region_text: '',
    address: '',
    education: '',
    occupation: '',
    skills: '',
    languages: '',
  }
}

export function dataOf(file: Volunteer): MyData {
  const data = emptyData()
  data.name = file.name
  data.gender = file.gender
  data.birth_date = file.birth_date ?? ''
  for (const field of TEXTS) {
    data[field] = file[field] ?? ''
  }
  for (const field of LISTS) {
    data[field] = file[field].join('，')
  }
  return data
}

function words(text: string): string[] {
  return text
    .split(/[,，、;；]/)
    .map((word) => word.trim())
    .filter(Boolean)
}

function bodyOf(data: MyData): Record<string, unknown> {
  return {
    name: data.name.trim(),
    gender: data.gender,
    birth_date: data.birth_date || null,
    ...Object.fromEntries(TEXTS.map((field) => [field, data[field].trim() || null])),
    ...Object.fromEntries(LISTS.map((field) => [field, words(data[field])])),
  }
}

/** Only what is different, so that nothing else is touched. */
export function changedData(data: MyData, file: Volunteer): Schemas['MePatch'] {
  const before = bodyOf(dataOf(file))
  return Object.fromEntries(
    Object.entries(bodyOf(data)).filter(
      ([field, value]) => JSON.stringify(value) !== JSON.stringify(before[field]),
    ),
  )
}
