// The form of one shift and what it becomes in the API's terms.
import type { components } from '@shared/api/schema'
import type { Shift } from './types'
import { toInstant } from './zoned_time'

type ShiftCreate = components['schemas']['ShiftCreate']
type ShiftPatch = components['schemas']['ShiftPatch']

export interface ShiftModel {
  starts_at: string
  ends_at: string
  place_name: string
  address: string
  note: string
  /** Numbers that differ from the positions', by position. */
  needs: Record<number, number | null>
}

const TEXTS = ['place_name', 'address', 'note'] as const

/** The numbers that the shift itself names. */
export function needsOf(shift: Shift): Record<number, number | null> {
  return Object.fromEntries(
    shift.places
      .filter((place) => place.overridden)
      .map((place) => [place.position_id, place.needed]),
  )
}

function placesOf(needs: Record<number, number | null>): NonNullable<ShiftCreate['places']> {
  return Object.entries(needs)
    .filter(([, needed]) => needed !== null && needed !== undefined)
    .map(([id, needed]) => ({ position_id: Number(id), needed: needed as number }))
}

export function shiftBody(model: ShiftModel, timeZone: string): ShiftCreate {
  const body: ShiftCreate = {
    starts_at: toInstant(model.starts_at, timeZone),
    ends_at: toInstant(model.ends_at, timeZone),
  }
  for (const field of TEXTS) {
    const text = model[field].trim()
    if (text !== '') {
      body[field] = text
    }
  }
  const places = placesOf(model.needs)
  return places.length > 0 ? { ...body, places } : body
}

/** The numbers that were changed; one that was emptied goes back to what is usual. */
function changedPlaces(
  needs: Record<number, number | null>,
  before: Record<number, number | null>,
  usual: Record<number, number>,
): NonNullable<ShiftPatch['places']> {
  const ids = new Set([...Object.keys(needs), ...Object.keys(before)].map(Number))
  return [...ids]
    .filter((id) => (needs[id] ?? null) !== (before[id] ?? null))
    .map((id) => ({ position_id: id, needed: needs[id] ?? usual[id] ?? 0 }))
}

/** Only what was changed; `usual` is what the positions ask for. */
export function shiftPatch(
  model: ShiftModel,
  before: ShiftModel,
  timeZone: string,
  usual: Record<number, number>,
): ShiftPatch {
  const patch: ShiftPatch = {}
  for (const field of ['starts_at', 'ends_at'] as const) {
    if (model[field] !== before[field]) {
      patch[field] = toInstant(model[field], timeZone)
    }
  }
  for (const field of TEXTS) {
    if (model[field].trim() !== before[field].trim()) {
      patch[field] = model[field].trim() || null
    }
  }
  const places = changedPlaces(model.needs, before.needs, usual)
  return places.length > 0 ? { ...patch, places } : patch
}
