// The own sign-ups, sorted for the person who looks at them.
import type { Signup, SignupState } from '@shared/api/types'
import type { Tone } from '@/components/StateTag.vue'

const LIVING: ReadonlySet<SignupState> = new Set(['pending', 'approved', 'waitlisted', 'offered'])

export const TONES: Record<SignupState, Tone> = {
  pending: 'warm',
  approved: 'good',
  waitlisted: 'warm',
  offered: 'warm',
  rejected: 'bad',
  cancelled: 'quiet',
  attended: 'good',
  absent: 'bad',
}

export function isLiving(signup: Signup): boolean {
  return LIVING.has(signup.state)
}

export interface SortedSignups {
  /** What may still happen, the next one first; offers before all, for they lapse. */
  upcoming: Signup[]
  /** What is over or was called off, the latest first. */
  past: Signup[]
}

export function sortSignups(signups: readonly Signup[], now: Date): SortedSignups {
  const isUpcoming = (signup: Signup): boolean =>
    isLiving(signup) && Date.parse(signup.ends_at) > now.getTime()
  const start = (signup: Signup): number => Date.parse(signup.starts_at)
  const offers = (signup: Signup): number => (signup.state === 'offered' ? 0 : 1)
  return {
    upcoming: signups
      .filter(isUpcoming)
      .sort((a, b) => offers(a) - offers(b) || start(a) - start(b)),
    past: signups.filter((signup) => !isUpcoming(signup)).sort((a, b) => start(b) - start(a)),
  }
}

/** Until when the person may cancel without the coordinator; null when always. */
export function cancelDeadline(signup: Signup, deadlineMinutes: number): Date | null {
  return signup.state === 'approved'
    ? new Date(Date.parse(signup.starts_at) - deadlineMinutes * 60_000)
    : null
}
