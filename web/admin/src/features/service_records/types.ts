import type { components } from '@shared/api/schema'

export type Settlement = components['schemas']['Settlement']
/** With the id that a list wants. */
export type SettlementRow = Settlement & { id: number }
