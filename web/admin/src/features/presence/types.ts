import type { components } from '@shared/api/schema'

type Schemas = components['schemas']

export type Attendance = Schemas['Attendance']
export type AttendanceCodes = Schemas['AttendanceCodes']
export type AttendanceCorrection = Schemas['AttendanceCorrection']
export type Direction = Schemas['AttendanceDirection']
export type PresenceEntry = Schemas['PresenceEntry']
export type PresenceState = Schemas['PresenceState']
export type PresenceSummary = Schemas['PresenceSummary']
export type StoredFile = Schemas['StoredFile']
