// The words of the ledger, and what a record of the law must have.
import type { EvidenceGrade, ServiceRecord, ServiceRecordState } from './types'

export const STATES: ServiceRecordState[] = ['held', 'granted', 'rejected', 'voided']
export const GRADES: EvidenceGrade[] = ['A', 'B', 'C', 'D']
export const LEVELS: ServiceRecord['level'][] = ['automatic', 'unit', 'parent']
export const REASONS = [
  'grade',
  'overlap',
  'unit_limit',
  'parent_limit',
  'review_rejected',
  'too_short',
  'decided',
] as const satisfies NonNullable<ServiceRecord['reason']>[]

/** The fields of D67 Art. 7 that may be empty, and the recorder. */
const REQUIRED = ['place', 'content', 'person_in_charge', 'recorder_name'] as const

export function missingFields(record: Pick<ServiceRecord, (typeof REQUIRED)[number]>): string[] {
  return REQUIRED.filter((field) => (record[field] ?? '') === '')
}

export function isHeld(record: Pick<ServiceRecord, 'state'>): boolean {
  return record.state === 'held'
}
