import type { components } from '@shared/api/schema'

export type WorkingDayException = components['schemas']['WorkingDayException']
