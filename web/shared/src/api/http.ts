// fetch() as the API wants it: the token, the person's language, an idempotency key, and one
// repetition after the access token was refreshed.
import { isAbort, NetworkError } from './problem'
import { currentAccessToken, hasAccessToken, refreshTokens } from './session'

const UNSAFE_METHODS = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])
// These decide about the session itself: a 401 from them is an answer, not an expired token.
const SESSION_PATHS = ['/api/v1/auth/login', '/api/v1/auth/second-factor', '/api/v1/auth/refresh']

const PUBLIC_PATH = '/api/v1/public/'

let language = 'zh-CN'

export function setApiLanguage(next: string): void {
  language = next
}

// crypto.randomUUID() is missing where the console is served without TLS on a local network.
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function send(request: Request): Promise<Response> {
  try {
    return await fetch(request)
  } catch (error) {
    if (isAbort(error)) {
      throw error
    }
    throw new NetworkError(error)
  }
}

async function authorize(request: Request): Promise<void> {
  const token = await currentAccessToken()
  if (token !== null) {
    request.headers.set('Authorization', `Bearer ${token}`)
  }
}

export async function apiFetch(input: Request): Promise<Response> {
  const request = new Request(input, {
    credentials: 'same-origin',
    // What a version (ETag) does not cover, such as places that are taken, would be shown as it was.
    cache: new URL(input.url).pathname.startsWith(PUBLIC_PATH) ? 'default' : 'no-store',
  })
  request.headers.set('Accept-Language', language)
  if (UNSAFE_METHODS.has(request.method) && !request.headers.has('Idempotency-Key')) {
    request.headers.set('Idempotency-Key', randomKey())
  }
  const path = new URL(request.url).pathname
  if (SESSION_PATHS.includes(path)) {
    return send(request)
  }

  await authorize(request)
  const repeat = request.clone()
  const response = await send(request)
  if (response.status !== 401 || !hasAccessToken() || !(await refreshTokens())) {
    return response
  }
  await authorize(repeat)
  return send(repeat)
}
