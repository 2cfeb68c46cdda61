import type { components } from '@shared/api/schema'

type Schemas = components['schemas']

export type Attendance = Schemas['Attendance']
export type EvidenceGrade = Schemas['EvidenceGrade']
export type LedgerEntry = Schemas['LedgerEntry']
export type ServiceRecord = Schemas['ServiceRecord']
export type ServiceRecordState = Schemas['ServiceRecordState']
export type ServiceSum = Schemas['ServiceSum']
export type ServiceTotal = Schemas['ServiceTotal']
