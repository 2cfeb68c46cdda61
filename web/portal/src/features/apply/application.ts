// The form of an application: only what is needed to begin; the rest of a file comes later.
import type { Schemas } from '@shared/api/types'

export type ApplicationCreate = Schemas['ApplicationCreate']

export interface ApplicationModel {
  name: string
  gender: 'male' | 'female' | 'unspecified'
  birth_date: string
  phone: string
  email: string
  unit_id: number | null
  username: string
  password: string
  guardian_name: string
  guardian_relation: string
  guardian_phone: string
}

export const emptyApplication = (): ApplicationModel => ({
  name: '',
  gender: 'unspecified',
  birth_date: '',
  phone: '',
  email: '',
  unit_id: null,
  username: '',
  password: '',
  guardian_name: '',
  guardian_relation: '',
  guardian_phone: '',
})

const ADULT_YEARS = 18

/** On that day, counted by birthdays; who is born on 29 February comes of age on 1 March. */
export function isMinor(birthDate: string, today: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(birthDate)) {
    return false
  }
  const adultFrom = `${Number(birthDate.slice(0, 4)) + ADULT_YEARS}${birthDate.slice(4)}`
  return today < adultFrom
}

export function applicationBody(
  model: ApplicationModel,
  more: { policyVersion: string; language: 'zh-CN' | 'en'; today: string },
): ApplicationCreate {
  const orNull = (text: string): string | null => text.trim() || null
  return {
    name: model.name.trim(),
    gender: model.gender,
    birth_date: orNull(model.birth_date),
    phone: orNull(model.phone),
    email: orNull(model.email),
    // The form does not send without one; the server refuses 0.
    unit_id: model.unit_id ?? 0,
    username: model.username.trim(),
    password: model.password,
    language: more.language,
    consent: { policy_version: more.policyVersion },
    ...(isMinor(model.birth_date, more.today)
      ? {
          guardian: {
            name: model.guardian_name.trim(),
            relation: model.guardian_relation.trim(),
            phone: model.guardian_phone.trim(),
          },
        }
      : {}),
  }
}
