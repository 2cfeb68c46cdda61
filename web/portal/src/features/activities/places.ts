// How the places of a shift are put into words.
import type { Eligibility, PublicPlace } from '@shared/api/types'
import type { Tone } from '@/components/StateTag.vue'
import type { Wording } from '@/lib/wording'

export interface PlaceWording extends Wording {
  tone: Tone
}

/** When so few are left, it is worth saying so. */
const FEW = 3

function freeWording(free: number, places: number): PlaceWording {
  const tone = free <= Math.min(FEW, Math.max(1, places / 4)) ? 'warm' : 'good'
  return { key: 'activities.free', values: { free, places }, tone }
}

export function wordPlace({ needed, free, waiting }: PublicPlace): PlaceWording {
  if (free > 0) {
    return freeWording(free, needed)
  }
  return waiting > 0
    ? { key: 'activities.fullWaiting', values: { waiting }, tone: 'quiet' }
    : { key: 'activities.full', values: {}, tone: 'quiet' }
}

/** Of all coming shifts together; null when nothing can be signed up for any more. */
export function wordActivity(activity: {
  places: number
  free_places: number
}): PlaceWording | null {
  if (activity.places === 0) {
    return null
  }
  return activity.free_places > 0
    ? freeWording(activity.free_places, activity.places)
    : { key: 'activities.full', values: {}, tone: 'quiet' }
}

/** What signing up would lead to. */
export function wordOutcome(eligibility: Eligibility, approval: string): PlaceWording {
  const { outcome, free, places, waiting } = eligibility
  if (outcome === 'waitlisted') {
    return { key: 'activities.wouldWait', values: { place: waiting + 1 }, tone: 'warm' }
  }
  if (outcome === 'pending') {
    const key = approval === 'lottery' ? 'activities.wouldDraw' : 'activities.wouldReview'
    return { key, values: {}, tone: 'quiet' }
  }
  return freeWording(free, places)
}

/** When the numbers were true, from the `Age` that the server states. */
export function countedAt(ageHeader: string | null, receivedAt: Date): string {
  const age = Number.parseInt(ageHeader ?? '0', 10)
  return new Date(receivedAt.getTime() - (Number.isNaN(age) ? 0 : age) * 1000).toISOString()
}
