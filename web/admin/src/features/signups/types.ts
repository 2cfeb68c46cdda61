import type { components } from '@shared/api/schema'

type Schemas = components['schemas']

export type Eligibility = Schemas['Eligibility']
export type Signup = Schemas['Signup']
export type SignupReason = Schemas['SignupReason']
export type SignupState = Schemas['SignupState']
