// Files in and out: downloads need the bearer token, so a plain link will not do.
import { apiFetch } from './http'
import { problemFromResponse } from './problem'

export type Query = Record<string, string | number | boolean | string[] | null | undefined>

export function pathWithQuery(path: string, query: Query): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (Array.isArray(value)) {
      value.forEach((item) => search.append(key, item))
    } else if (value !== null && value !== undefined && value !== '') {
      search.set(key, String(value))
    }
  }
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}

/** The name that the server gives to a download (RFC 6266, with the UTF-8 form first). */
export function filenameFromDisposition(header: string | null): string | null {
  if (header === null) {
    return null
  }
  const extended = /filename\*\s*=\s*UTF-8''([^;]+)/i.exec(header)
  if (extended?.[1] !== undefined) {
    return decodeURIComponent(extended[1])
  }
  const plain = /filename\s*=\s*(?:"([^"]*)"|([^;\s]+))/i.exec(header)
  return plain?.[1] ?? plain?.[2] ?? null
}

export async function download(path: string, query: Query, fallbackName: string): Promise<void> {
  const url = new URL(pathWithQuery(path, query), window.location.origin)
  const response = await apiFetch(new Request(url))
  if (!response.ok) {
    throw await problemFromResponse(response)
  }
  const name = filenameFromDisposition(response.headers.get('Content-Disposition')) ?? fallbackName
  saveBlob(await response.blob(), name)
}

export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The browser has taken its reference once the click was handled.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** Sends a file as the body of the request and gives the decoded answer. */
export async function upload<T>(path: string, query: Query, file: Blob): Promise<T> {
  const url = new URL(pathWithQuery(path, query), window.location.origin)
  const response = await apiFetch(
    new Request(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream' },
      body: file,
    }),
  )
  if (!response.ok) {
    throw await problemFromResponse(response)
  }
  return (await response.json()) as T
}
