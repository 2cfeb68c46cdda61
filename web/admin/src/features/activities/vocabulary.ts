import type { ActivityState } from './types'

export const STATES: ActivityState[] = [
  'draft',
  'submitted',
  'published',
  'in_progress',
  'ended',
  'settled',
  'cancelled',
]
export const VISIBILITIES = ['public', 'members', 'invited'] as const
export const APPROVALS = ['automatic', 'review', 'lottery'] as const
export const WAITLISTS = ['promote', 'offer'] as const
export const GENDERS = ['any', 'male', 'female'] as const
export const WEEKDAYS = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'] as const

export const PUBLISHED: readonly ActivityState[] = ['published', 'in_progress', 'ended', 'settled']

/** What may still be done with an activity, whatever the person may do; the server has the last word. */
export type ActivityAction =
  'edit' | 'submit' | 'publish' | 'withdraw' | 'approve' | 'reject' | 'cancel' | 'settle' | 'delete'

const ACTIONS: Record<ActivityState, ActivityAction[]> = {
  draft: ['edit', 'submit', 'publish', 'cancel', 'delete'],
  submitted: ['withdraw', 'approve', 'reject', 'cancel'],
  published: ['edit', 'cancel'],
  in_progress: ['edit', 'cancel'],
  ended: ['edit', 'settle', 'cancel'],
  settled: ['settle'],
  cancelled: [],
}

export function mayStill(state: ActivityState, action: ActivityAction): boolean {
  return ACTIONS[state].includes(action)
}

/** Positions and shifts are shaped until it is submitted, and again while it runs. */
export function isShapeable(state: ActivityState): boolean {
  return state === 'draft' || state === 'published' || state === 'in_progress'
}
