// The resources of activities under the names that the console uses.
import type { components } from '@shared/api/schema'

type Schemas = components['schemas']

export type Activity = Schemas['Activity']
export type ActivityCreate = Schemas['ActivityCreate']
export type ActivityInvitation = Schemas['ActivityInvitation']
export type ActivityManager = Schemas['ActivityManager']
export type ActivityPatch = Schemas['ActivityPatch']
export type ActivityReadiness = Schemas['ActivityReadiness']
export type ActivityState = Schemas['ActivityState']
export type Position = Schemas['Position']
export type Project = Schemas['Project']
export type Settlement = Schemas['Settlement']
export type Shift = Schemas['Shift']
export type ShiftPlan = Schemas['ShiftPlan']
export type ShiftPreview = Schemas['ShiftPreview']
