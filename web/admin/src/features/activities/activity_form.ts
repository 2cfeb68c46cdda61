// The form of an activity and what it becomes in the API's terms. Times are kept as the clocks of
// the activity's zone show them.
import { t } from '@shared/i18n'
import type { Activity, ActivityCreate, ActivityPatch } from './types'
import { toInstantOrNull, toLocal } from './zoned_time'

export interface ActivityModel {
  unit_id: number | null
  recording_unit_id: number | null
  project_id: number | null
  name: string
  category: string
  description: string
  place_name: string
  address: string
  point: { latitude: number | null; longitude: number | null }
  radius_m: number
  risk_notice: string
  provided: string
  contact_name: string
  contact_phone: string
  person_in_charge: string
  is_volunteer_service: boolean
  is_dangerous: boolean
  insurance_policy: string
  insurance_until: string
  visibility: Activity['visibility']
  time_zone: string
  sign_up_opens_at: string
  sign_up_closes_at: string
  cancel_deadline_minutes: number
  approval: Activity['approval']
  waitlist: Activity['waitlist']
  offer_minutes: number
  minimum_age: number
  maximum_age: number
}

const TEXTS = [
  'description',
  'place_name',
  'address',
  'risk_notice',
  'provided',
  'contact_name',
  'contact_phone',
  'person_in_charge',
  'insurance_policy',
  'insurance_until',
] as const
const TIMES = ['sign_up_opens_at', 'sign_up_closes_at'] as const
// Always there, and taken as they are.
const PLAIN = [
  'name',
  'category',
  'radius_m',
  'is_volunteer_service',
  'is_dangerous',
  'visibility',
  'time_zone',
  'cancel_deadline_minutes',
  'approval',
  'waitlist',
  'offer_minutes',
  'minimum_age',
  'maximum_age',
] as const

export function emptyModel(timeZone: string, unitId: number | null = null): ActivityModel {
  return {
    unit_id: unitId,
    recording_unit_id: null,
    project_id: null,
    name: '',
    category: '',
    description: '',
    place_name: '',
    address: '',
    point: { latitude: null, longitude: null },
    radius_m: 300,
    risk_notice: '',
    provided: '',
    contact_name: '',
    contact_phone: '',
    person_in_charge: '',
    is_volunteer_service: true,
    is_dangerous: false,
    insurance_policy: '',
    insurance_until: '',
    visibility: 'public',
    time_zone: timeZone,
    sign_up_opens_at: '',
    sign_up_closes_at: '',
    cancel_deadline_minutes: 24 * 60,
    approval: 'automatic',
    waitlist: 'promote',
    offer_minutes: 120,
    minimum_age: 0,
    maximum_age: 0,
  }
}

export function modelOf(activity: Activity): ActivityModel {
  const model = emptyModel(activity.time_zone, activity.unit_id)
  model.recording_unit_id = activity.recording_unit_id
  model.project_id = activity.project_id
  for (const field of TEXTS) {
    model[field] = activity[field] ?? ''
  }
  for (const field of TIMES) {
    model[field] = toLocal(activity[field], activity.time_zone)
  }
  model.point = {
    latitude: activity.point?.latitude ?? null,
    longitude: activity.point?.longitude ?? null,
  }
  const plain = Object.fromEntries(PLAIN.map((field) => [field, activity[field]]))
  return Object.assign(model, plain)
}

/** Everything in the API's terms; null is what is not there. */
function bodyOf(model: ActivityModel): Record<string, unknown> {
  const body: Record<string, unknown> = {
    recording_unit_id: model.recording_unit_id ?? model.unit_id,
    project_id: model.project_id,
    point:
      model.point.latitude === null && model.point.longitude === null
        ? null
        : { latitude: model.point.latitude ?? 0, longitude: model.point.longitude ?? 0 },
  }
  for (const field of PLAIN) {
    const value = model[field]
    body[field] = typeof value === 'string' ? value.trim() : value
  }
  for (const field of TEXTS) {
    body[field] = model[field].trim() || null
  }
  for (const field of TIMES) {
    body[field] = toInstantOrNull(model[field], model.time_zone)
  }
  return body
}

export function createBody(model: ActivityModel, unitId: number): ActivityCreate {
  const given = Object.entries(bodyOf(model)).filter(([, value]) => value !== null)
  return { ...Object.fromEntries(given), unit_id: unitId } as ActivityCreate
}

/** Only what was changed, so that two people can edit different fields. */
export function patchBody(model: ActivityModel, before: Activity): ActivityPatch {
  const original = bodyOf(modelOf(before))
  const changed = Object.entries(bodyOf(model)).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(original[field]),
  )
  return Object.fromEntries(changed) as ActivityPatch
}

/** What cannot even be sent, by field. */
export function missingFields(model: ActivityModel): ('unit_id' | 'name' | 'category')[] {
  const missing: ('unit_id' | 'name' | 'category')[] = []
  if (model.unit_id === null) {
    missing.push('unit_id')
  }
  if (model.name.trim() === '') {
    missing.push('name')
  }
  if (model.category.trim() === '') {
    missing.push('category')
  }
  return missing
}

/** Half of a point is none: which coordinate is missing. */
export function missingCoordinate(model: ActivityModel): 'latitude' | 'longitude' | null {
  const { latitude, longitude } = model.point
  if ((latitude === null) === (longitude === null)) {
    return null
  }
  return latitude === null ? 'latitude' : 'longitude'
}

/** What is refused before anything is sent, by field, in words. */
export function refusedFields(model: ActivityModel): Record<string, string> {
  return {
    ...Object.fromEntries(missingFields(model).map((field) => [field, t('form.required')])),
    ...(missingCoordinate(model) === null ? {} : { point: t('activities.pointHalf') }),
  }
}
