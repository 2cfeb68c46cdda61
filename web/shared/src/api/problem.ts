// What can go wrong with a call, as one type: an RFC 9457 answer, a lost connection, or an answer
// that is not what the API promises.

export interface FieldProblem {
  field: string
  code: string
  message: string
}

interface ProblemBody {
  title?: string
  detail?: string
  code?: string
  request_id?: string
  errors?: FieldProblem[]
  current?: unknown
}

export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly requestId: string | null
  readonly fieldProblems: FieldProblem[]
  /** The state that a 409 conflicted with, where the server tells. */
  readonly current: unknown
  readonly retryAfterSeconds: number | null

  constructor(status: number, body: ProblemBody, retryAfterSeconds: number | null = null) {
    super(body.detail ?? body.title ?? `HTTP ${status}`)
    this.name = 'ApiError'
    this.status = status
    this.code = body.code ?? 'unknown'
    this.title = body.title ?? ''
    this.requestId = body.request_id ?? null
    this.fieldProblems = body.errors ?? []
    this.current = body.current
    this.retryAfterSeconds = retryAfterSeconds
  }

  /** The messages by field; the first one of a field wins. */
  get fields(): Record<string, string> {
    const byField: Record<string, string> = {}
    for (const problem of this.fieldProblems) {
      byField[problem.field] ??= problem.message
    }
    return byField
  }
}

/** The server could not be reached, or the connection broke. */
export class NetworkError extends Error {
  readonly code = 'network'
  constructor(cause: unknown) {
    super('network', { cause })
    this.name = 'NetworkError'
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

function isProblemBody(body: unknown): body is ProblemBody {
  return typeof body === 'object' && body !== null
}

export async function problemFromResponse(response: Response): Promise<ApiError> {
  const retryAfter = Number.parseInt(response.headers.get('Retry-After') ?? '', 10)
  const body: unknown = await response.json().catch(() => null)
  return new ApiError(
    response.status,
    isProblemBody(body) ? body : {},
    Number.isNaN(retryAfter) ? null : retryAfter,
  )
}
