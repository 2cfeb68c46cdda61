import { api, call } from '@shared/api/client'
import type { ServiceRecord } from '@shared/api/types'

/** The API lists records only: pages are read until the one wanted is among them. */
export async function findRecord(id: number): Promise<ServiceRecord | null> {
  let cursor: string | null = null
  do {
    const query: { limit: number; cursor?: string } =
      cursor === null ? { limit: 100 } : { limit: 100, cursor }
    const page = await call(api.GET('/api/v1/me/service-records', { params: { query } }))
    const found = page.items.find((record) => record.id === id)
    if (found !== undefined) {
      return found
    }
    cursor = page.next_cursor
  } while (cursor !== null)
  return null
}
