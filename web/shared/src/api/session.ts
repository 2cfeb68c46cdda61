// The tokens of the person who is logged in. The access token lives in this module's memory and
// nowhere else; the refresh token is an HttpOnly cookie that scripts cannot read.
import { problemFromResponse } from './problem'

// Says only that a cookie may exist, so that a visitor without a session causes no refused call.
const HINT_KEY = 'voms.session'
const REFRESH_LOCK = 'voms.refresh'
// Refresh a little early, so that a call does not leave with a token that expires on its way.
const EXPIRY_MARGIN_MS = 10_000

interface AccessToken {
  value: string
  expiresAtMs: number
}

/** What this module needs of a token answer; the rest belongs to the account store. */
export interface TokenAnswer {
  access_token: string
  expires_in: number
  must_change_password: boolean
}

let accessToken: AccessToken | null = null
let passwordExpired = false
let refreshing: Promise<boolean> | null = null
const endListeners = new Set<() => void>()

export function setTokens(answer: TokenAnswer): void {
  accessToken = {
    value: answer.access_token,
    expiresAtMs: Date.now() + answer.expires_in * 1000,
  }
  passwordExpired = answer.must_change_password
  localStorage.setItem(HINT_KEY, '1')
}

export function clearTokens(): void {
  accessToken = null
  localStorage.removeItem(HINT_KEY)
}

/** Until the password is changed, the server refuses everything else. */
export function mustChangePassword(): boolean {
  return passwordExpired
}

export function hasAccessToken(): boolean {
  return accessToken !== null
}

export function mayHaveSession(): boolean {
  return localStorage.getItem(HINT_KEY) !== null
}

/** Called when the session ended without the person asking for it. */
export function onSessionEnd(listener: () => void): () => void {
  endListeners.add(listener)
  return () => endListeners.delete(listener)
}

/** The token to send, refreshed first when it is about to expire; null without a session. */
export async function currentAccessToken(): Promise<string | null> {
  if (accessToken !== null && accessToken.expiresAtMs - EXPIRY_MARGIN_MS <= Date.now()) {
    await refreshTokens()
  }
  return accessToken?.value ?? null
}

/** One refresh at a time: all who need it share the same call. Answers whether it succeeded. */
export function refreshTokens(): Promise<boolean> {
  refreshing ??= withLock(requestRefresh).finally(() => {
    refreshing = null
  })
  return refreshing
}

// Another tab must not send the same refresh token: the server would take it for a stolen one and
// end the session. Web locks exist only in secure contexts; without them tabs take their chance.
async function withLock(action: () => Promise<boolean>): Promise<boolean> {
  const locks = navigator.locks as LockManager | null | undefined
  return locks ? await locks.request(REFRESH_LOCK, action) : action()
}

async function requestRefresh(): Promise<boolean> {
  const response = await fetch('/api/v1/auth/refresh', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    // Without a token in the body the server takes the cookie.
    body: '{}',
  })
  if (response.ok) {
    setTokens((await response.json()) as TokenAnswer)
    return true
  }
  if (response.status === 401 || response.status === 403 || response.status === 400) {
    const hadSession = accessToken !== null
    clearTokens()
    if (hadSession) {
      endListeners.forEach((listener) => listener())
    }
    return false
  }
  // The server is busy or away: the session may still be good.
  throw await problemFromResponse(response)
}
