// Searches for the filters: volunteers and activities.
import { api, call } from '@shared/api/client'
import type { RemoteOption } from '@/components/RemoteSelect.vue'

interface Named {
  id: number
  name: string
}

const optionOf = (thing: Named, note?: string): RemoteOption => ({
  id: thing.id,
  label: thing.name,
  ...(note === undefined ? {} : { note }),
})

export async function searchVolunteers(text: string): Promise<RemoteOption[]> {
  const query = { limit: 20, ...(text === '' ? {} : { q: text }) }
  const page = await call(api.GET('/api/v1/admin/volunteers', { params: { query } }))
  return page.items.map((item) => optionOf(item, item.number))
}

export async function findVolunteer(id: number): Promise<RemoteOption> {
  const params = { path: { volunteer_id: id } }
  return optionOf(await call(api.GET('/api/v1/admin/volunteers/{volunteer_id}', { params })))
}

export async function searchActivities(text: string): Promise<RemoteOption[]> {
  const query = { limit: 20, ...(text === '' ? {} : { q: text }) }
  const page = await call(api.GET('/api/v1/admin/activities', { params: { query } }))
  return page.items.map((item) => optionOf(item, item.unit_name))
}

export async function findActivity(id: number): Promise<RemoteOption> {
  const params = { path: { activity_id: id } }
  return optionOf(await call(api.GET('/api/v1/admin/activities/{activity_id}', { params })))
}
