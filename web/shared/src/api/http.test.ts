// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from './problem'

// Each test has its own modules: the session lives in them.
type Http = typeof import('./http')
type Session = typeof import('./session')
let http: Http
let session: Session
let handler: (request: Request) => Promise<Response> | Response
const seen: { method: string; path: string; headers: Headers; body: string }[] = []

function tokens(name: string, expiresIn = 900): Response {
  return Response.json({ access_token: name, expires_in: expiresIn, must_change_password: false })
}

function call(path: string, init?: RequestInit): Promise<Response> {
  return http.apiFetch(new Request(new URL(path, 'http://localhost:3000'), init))
}

beforeEach(async () => {
  vi.resetModules()
  localStorage.clear()
  seen.length = 0
  vi.stubGlobal('fetch', async (input: Request | string, init?: RequestInit) => {
    const request =
      typeof input === 'string' ? new Request(new URL(input, 'http://localhost:3000'), init) : input
    seen.push({
      method: request.method,
      path: new URL(request.url).pathname,
      headers: request.headers,
      body: await request.clone().text(),
    })
    return handler(request)
  })
  http = await import('./http')
  session = await import('./session')
})

afterEach(() => vi.unstubAllGlobals())

function paths(): string[] {
  return seen.map(({ path }) => path)
}

describe('a call', () => {
  it('carries the token and the language', async () => {
    session.setTokens({ access_token: 'one', expires_in: 900, must_change_password: false })
    http.setApiLanguage('en')
    handler = () => Response.json({})
    await call('/api/v1/admin/units')
    expect(seen[0]?.headers.get('Authorization')).toBe('Bearer one')
    expect(seen[0]?.headers.get('Accept-Language')).toBe('en')
  })

  it('has an idempotency key only when it changes something', async () => {
    handler = () => Response.json({})
    await call('/api/v1/admin/units')
    await call('/api/v1/admin/units', { method: 'POST', body: '{}' })
    await call('/api/v1/admin/units', { method: 'POST', body: '{}' })
    expect(seen[0]?.headers.has('Idempotency-Key')).toBe(false)
    const [, first, second] = seen.map(({ headers }) => headers.get('Idempotency-Key'))
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    expect(second).not.toBe(first)
  })

  it('that cannot reach the server says so', async () => {
    handler = () => Promise.reject(new TypeError('Failed to fetch'))
    await expect(call('/api/v1/admin/units')).rejects.toHaveProperty('name', 'NetworkError')
  })

  it('that is aborted stays an abort', async () => {
    handler = () => Promise.reject(new DOMException('aborted', 'AbortError'))
    await expect(call('/api/v1/admin/units')).rejects.toHaveProperty('name', 'AbortError')
  })
})

describe('an expired token', () => {
  beforeEach(() => {
    session.setTokens({ access_token: 'old', expires_in: 900, must_change_password: false })
  })

  it('is refreshed once for all calls that need it, and each is repeated', async () => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    handler = async (request) => {
      if (request.url.endsWith('/auth/refresh')) {
        await gate
        return tokens('new')
      }
      return request.headers.get('Authorization') === 'Bearer new'
        ? Response.json({ ok: true })
        : new Response(null, { status: 401 })
    }
    const calls = Promise.all([call('/api/v1/a'), call('/api/v1/b'), call('/api/v1/c')])
    await vi.waitFor(() => expect(paths()).toContain('/api/v1/auth/refresh'))
    release()
    const answers = await calls
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(paths().filter((path) => path === '/api/v1/auth/refresh')).toHaveLength(1)
  })

  it('does not change the idempotency key or the body of the repetition', async () => {
    handler = (request) => {
      if (request.url.endsWith('/auth/refresh')) {
        return tokens('new')
      }
      return request.headers.get('Authorization') === 'Bearer new'
        ? Response.json({})
        : new Response(null, { status: 401 })
    }
    await call('/api/v1/admin/units', { method: 'POST', body: '{"name":"x"}' })
    const posts = seen.filter(({ path }) => path === '/api/v1/admin/units')
    expect(posts).toHaveLength(2)
    expect(posts[0]?.headers.get('Idempotency-Key')).toBe(posts[1]?.headers.get('Idempotency-Key'))
    expect(posts[1]?.body).toBe('{"name":"x"}')
  })

  it('is refreshed before a call when it is known to have expired', async () => {
    session.setTokens({ access_token: 'old', expires_in: 1, must_change_password: false })
    handler = (request) =>
      request.url.endsWith('/auth/refresh') ? tokens('new') : Response.json({})
    await call('/api/v1/a')
    expect(paths()).toEqual(['/api/v1/auth/refresh', '/api/v1/a'])
    expect(seen[1]?.headers.get('Authorization')).toBe('Bearer new')
  })

  it('that cannot be refreshed ends the session, once', async () => {
    const ended = vi.fn()
    session.onSessionEnd(ended)
    handler = () => new Response(null, { status: 401 })
    const answer = await call('/api/v1/a')
    expect(answer.status).toBe(401)
    expect(ended).toHaveBeenCalledOnce()
    expect(session.mayHaveSession()).toBe(false)
  })

  it('is kept when the server is only busy', async () => {
    const ended = vi.fn()
    session.onSessionEnd(ended)
    handler = (request) =>
      new Response('{}', { status: request.url.endsWith('/auth/refresh') ? 503 : 401 })
    await expect(call('/api/v1/a')).rejects.toBeInstanceOf(Error)
    expect(ended).not.toHaveBeenCalled()
    expect(session.mayHaveSession()).toBe(true)
  })

  it('is not refreshed for a refused login', async () => {
    handler = () => new Response(null, { status: 401 })
    const answer = await call('/api/v1/auth/login', { method: 'POST', body: '{}' })
    expect(answer.status).toBe(401)
    expect(paths()).toEqual(['/api/v1/auth/login'])
    expect(seen[0]?.headers.has('Authorization')).toBe(false)
  })
})

describe('without a session', () => {
  it('a 401 is given back as it is', async () => {
    handler = () => new Response(null, { status: 401 })
    expect((await call('/api/v1/a')).status).toBe(401)
    expect(paths()).toEqual(['/api/v1/a'])
  })

  it('no trace of the token is left in the browser’s storage', () => {
    session.setTokens({ access_token: 'very-secret', expires_in: 900, must_change_password: false })
    expect(JSON.stringify({ ...localStorage })).not.toContain('very-secret')
  })
})

describe('a problem answer', () => {
  it('becomes a typed error with messages by field', async () => {
    const { problemFromResponse } = await import('./problem')
    const error = await problemFromResponse(
      Response.json(
        {
          type: 'about:blank',
          title: 'Invalid',
          status: 422,
          code: 'validation_failed',
          detail: 'Two fields are wrong.',
          request_id: 'r1',
          errors: [
            { field: 'name', code: 'required', message: 'Required.' },
            { field: 'name', code: 'too_short', message: 'Too short.' },
            { field: 'phone', code: 'invalid', message: 'No phone number.' },
          ],
        },
        { status: 422, headers: { 'Content-Type': 'application/problem+json' } },
      ),
    )
    expect(error.code).toBe('validation_failed')
    expect(error.message).toBe('Two fields are wrong.')
    expect(error.requestId).toBe('r1')
    expect(error.fields).toEqual({ name: 'Required.', phone: 'No phone number.' })
  })

  it('is understood even when it is not JSON', async () => {
    const { problemFromResponse } = await import('./problem')
    const error = await problemFromResponse(
      new Response('<html>Bad gateway', { status: 502, headers: { 'Retry-After': '30' } }),
    )
    expect(error).toMatchObject({ status: 502, code: 'unknown', retryAfterSeconds: 30 })
    expect(new ApiError(500, {}).message).toBe('HTTP 500')
  })
})
