import type { components } from '@shared/api/schema'

export type Dispute = components['schemas']['Dispute']
export type DisputeState = components['schemas']['DisputeState']
