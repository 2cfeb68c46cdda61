// The typed client. Call it as `await call(api.GET('/api/v1/admin/units', { params }))`: the data,
// or an ApiError that tells what the server refused and why.
import createClient from 'openapi-fetch'
import { apiFetch } from './http'
import { problemFromResponse } from './problem'
import type { paths } from './schema'

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: apiFetch,
  querySerializer: { array: { style: 'form', explode: true } },
})

interface Outcome<T> {
  data?: T
  error?: unknown
  response: Response
}

export async function call<T>(outcome: Promise<Outcome<T>>): Promise<T> {
  const { data, error, response } = await outcome
  if (!response.ok) {
    throw await problemFromResponse(
      new Response(JSON.stringify(error ?? {}), {
        status: response.status,
        headers: response.headers,
      }),
    )
  }
  return data as T
}

/** The header that makes a change fail (412) when somebody else made one since `version`. */
export function ifMatch(version: number): { 'If-Match': string } {
  return { 'If-Match': `"v${version}"` }
}
