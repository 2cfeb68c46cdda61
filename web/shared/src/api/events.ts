// Server-sent events over fetch: EventSource cannot send the bearer token.
import { apiFetch } from './http'
import { isAbort, problemFromResponse } from './problem'

export interface ServerEvent {
  event: string
  data: string
  id: string | null
}

const RECONNECT_MS = 2_000

/** Takes text in pieces of any size and gives the events that are complete. */
export class EventParser {
  #rest = ''
  #event = ''
  #data: string[] = []
  #id: string | null = null

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = []
    this.#rest += text
    // A lone \r at the end may be the first half of \r\n: keep it for the next piece.
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const complete = this.#line(line)
      if (complete !== null) {
        events.push(complete)
      }
    }
    return events
  }

  #line(line: string): ServerEvent | null {
    if (line === '') {
      return this.#dispatch()
    }
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'event') {
      this.#event = value
    } else if (name === 'data') {
      this.#data.push(value)
    } else if (name === 'id') {
      this.#id = value
    }
    return null
  }

  #dispatch(): ServerEvent | null {
    const complete =
      this.#data.length === 0
        ? null
        : { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id }
    this.#event = ''
    this.#data = []
    return complete
  }
}

async function readStream(
  path: string,
  signal: AbortSignal,
  onEvent: (event: ServerEvent) => void,
): Promise<void> {
  const request = new Request(new URL(path, window.location.origin), {
    headers: { Accept: 'text/event-stream' },
    signal,
  })
  const response = await apiFetch(request)
  if (!response.ok || response.body === null) {
    throw await problemFromResponse(response)
  }
  const parser = new EventParser()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) {
      return
    }
    parser.push(value).forEach(onEvent)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/**
 * Follows a stream until `signal` aborts or `isFinished` says that nothing more will come. A broken
 * connection is opened again; `onReconnect` is the moment to fetch what was missed.
 */
export async function followEvents(options: {
  path: string
  signal: AbortSignal
  onEvent: (event: ServerEvent) => void
  onReconnect: () => Promise<void>
  isFinished: () => boolean
}): Promise<void> {
  const { path, signal, onEvent, onReconnect, isFinished } = options
  while (!signal.aborted && !isFinished()) {
    try {
      await readStream(path, signal, onEvent)
    } catch (error) {
      if (signal.aborted || isAbort(error)) {
        return
      }
    }
    if (signal.aborted || isFinished()) {
      return
    }
    await pause(RECONNECT_MS, signal)
    if (!signal.aborted) {
      await onReconnect().catch(() => undefined)
    }
  }
}
