// Where the columns of a file can go, and what is wrong with a mapping.
import type { Import } from '@shared/api/types'

/** The fields of a volunteer that a file can hold, in the order in which they are offered. */
export const IMPORT_FIELDS = [
  'name',
  'gender',
  'birth_date',
  'id_document_type',
  'id_number',
  'phone',
  'email',
  'unit',
  'residence_region',
  'residence_region_text',
  'address',
  'education',
  'occupation',
  'political_status',
  'skills',
  'service_categories',
  'languages',
] as const

export interface ColumnTarget {
  index: number
  field: string | null
}

export type MappingFault = { kind: 'twice'; field: string } | { kind: 'no-name' }

export function findFault(columns: readonly ColumnTarget[]): MappingFault | null {
  const seen = new Set<string>()
  for (const { field } of columns) {
    if (field !== null && seen.has(field)) {
      return { kind: 'twice', field }
    }
    if (field !== null) {
      seen.add(field)
    }
  }
  return seen.has('name') ? null : { kind: 'no-name' }
}

export type Step = 'mapping' | 'preview' | 'commit' | 'result'

/** Which step of the wizard shows an import in this state. */
export function stepOf(state: Import['state']): Step {
  switch (state) {
    case 'uploaded':
    case 'mapped':
      return 'mapping'
    case 'previewing':
    case 'previewed':
      return 'preview'
    case 'committing':
      return 'commit'
    default:
      return 'result'
  }
}

export function isWorking(state: Import['state']): boolean {
  return state === 'previewing' || state === 'committing'
}

/** 0..100, or null while the number of rows is not known. */
export function percentDone(item: Pick<Import, 'row_count' | 'rows_done'>): number | null {
  if (item.row_count === null) {
    return null
  }
  return item.row_count === 0
    ? 100
    : Math.min(100, Math.floor((item.rows_done * 100) / item.row_count))
}
