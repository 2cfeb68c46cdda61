// Visitors get the public answers, which may be a second old; volunteers their own, which are exact
// and hold what is for members or invited people only.
import { api, call } from '@shared/api/client'
import type { Page } from '@shared/api/pages'
import { problemFromResponse } from '@shared/api/problem'
import type { PublicActivity, PublicActivityBrief } from '@shared/api/types'
import { countedAt } from './places'

export interface ActivityFilters {
  from?: string
  to?: string
  category?: string
  near?: string
  radius_km?: number
  open_places?: boolean
  q?: string
}

export function listActivities(
  query: ActivityFilters & { limit: number; cursor?: string },
  isVolunteer: boolean,
): Promise<Page<PublicActivityBrief>> {
  return call(
    isVolunteer
      ? api.GET('/api/v1/me/activities', { params: { query } })
      : api.GET('/api/v1/public/activities', { params: { query } }),
  )
}

export interface CountedActivity {
  activity: PublicActivity
  /** When its free places were counted. */
  countedAt: string
}

export async function findActivity(id: number, isVolunteer: boolean): Promise<CountedActivity> {
  const params = { path: { activity_id: id } }
  const { data, response, error } = isVolunteer
    ? await api.GET('/api/v1/me/activities/{activity_id}', { params })
    : await api.GET('/api/v1/public/activities/{activity_id}', { params })
  if (data === undefined) {
    throw await problemFromResponse(
      new Response(JSON.stringify(error ?? {}), {
        status: response.status,
        headers: response.headers,
      }),
    )
  }
  return { activity: data, countedAt: countedAt(response.headers.get('Age'), new Date()) }
}
