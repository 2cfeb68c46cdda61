// What is compared before two files become one.
import type { Volunteer } from '@shared/api/types'

/** Fields of which one value has to be chosen. Lists and history are joined by the server. */
export const MERGE_FIELDS = [
  'name',
  'gender',
  'birth_date',
  'id_number',
  'phone',
  'email',
  'residence_region',
  'address',
  'education',
  'occupation',
  'political_status',
  'unit_id',
] as const

export type MergeField = (typeof MERGE_FIELDS)[number]

/** The value by which a field is compared and shown. */
export function mergeValue(volunteer: Volunteer, field: MergeField): string | null {
  switch (field) {
    case 'id_number':
      return volunteer.id_number_masked
    case 'residence_region':
      return volunteer.residence_region_text ?? volunteer.residence_region
    case 'unit_id':
      return volunteer.unit_name
    default:
      return volunteer[field]
  }
}

/** Where the files differ; where this one is empty, the other one's value is proposed. */
export function proposeMerge(
  one: Volunteer,
  other: Volunteer,
): { field: MergeField; keep: 'this' | 'other' }[] {
  return MERGE_FIELDS.filter((field) => mergeValue(one, field) !== mergeValue(other, field)).map(
    (field) => ({ field, keep: isEmpty(one, field) && !isEmpty(other, field) ? 'other' : 'this' }),
  )
}

function isEmpty(volunteer: Volunteer, field: MergeField): boolean {
  const value = mergeValue(volunteer, field)
  return value === null || value === '' || (field === 'gender' && value === 'unspecified')
}
