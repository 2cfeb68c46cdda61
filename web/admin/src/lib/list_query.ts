// The state of a list (filters, sorting, page) and its form in the address bar, without Vue, so
// that it can be tested by itself. Pages go by keyset: a cursor leads to the next page, and the
// cursors of the pages before are remembered to go back.

export interface ListSpec {
  /** Names of the filters, as in the API and in the address. */
  filters: readonly string[]
  /** Filters that are in the address although the API does not know them. */
  defaultSort?: string
  defaultLimit?: number
}

export interface ListState {
  filters: Record<string, string>
  sort: string
  limit: number
  cursor: string | null
}

export type QueryValue = string | null | undefined | (string | null)[]

export const PAGE_SIZES = [20, 50, 100] as const
const DEFAULT_LIMIT = 20

function single(value: QueryValue): string {
  const first = Array.isArray(value) ? value[0] : value
  return first ?? ''
}

export function stateFromQuery(spec: ListSpec, query: Record<string, QueryValue>): ListState {
  const filters: Record<string, string> = {}
  for (const name of spec.filters) {
    const value = single(query[name])
    if (value !== '') {
      filters[name] = value
    }
  }
  const limit = Number(single(query.limit))
  return {
    filters,
    sort: single(query.sort) || (spec.defaultSort ?? ''),
    limit: (PAGE_SIZES as readonly number[]).includes(limit)
      ? limit
      : (spec.defaultLimit ?? DEFAULT_LIMIT),
    cursor: single(query.cursor) || null,
  }
}

export function queryFromState(spec: ListSpec, state: ListState): Record<string, string> {
  const query: Record<string, string> = {}
  for (const name of spec.filters) {
    const value = state.filters[name]
    if (value !== undefined && value !== '') {
      query[name] = value
    }
  }
  if (state.sort !== '' && state.sort !== spec.defaultSort) {
    query.sort = state.sort
  }
  if (state.limit !== (spec.defaultLimit ?? DEFAULT_LIMIT)) {
    query.limit = String(state.limit)
  }
  if (state.cursor !== null) {
    query.cursor = state.cursor
  }
  return query
}

/** Other filters make another list: it begins at its first page. */
export function withFilters(state: ListState, changes: Record<string, string>): ListState {
  const filters = { ...state.filters, ...changes }
  for (const [name, value] of Object.entries(filters)) {
    if (value === '') {
      delete filters[name]
    }
  }
  return { ...state, filters, cursor: null }
}

export function withoutFilters(state: ListState): ListState {
  return { ...state, filters: {}, cursor: null }
}

export function withSort(state: ListState, sort: string): ListState {
  return { ...state, sort, cursor: null }
}

export function withLimit(state: ListState, limit: number): ListState {
  return { ...state, limit, cursor: null }
}

export function isFiltered(state: ListState): boolean {
  return Object.keys(state.filters).length > 0
}

/** The way back: the cursor of each page before the one that is shown (null is the first). */
export class PageTrail {
  #trail: (string | null)[] = []

  get page(): number {
    return this.#trail.length + 1
  }

  get canGoBack(): boolean {
    return this.#trail.length > 0
  }

  /** Leaves `current` for `next`; gives the cursor to show. */
  forward(current: string | null, next: string): string {
    this.#trail.push(current)
    return next
  }

  back(): string | null {
    return this.#trail.pop() ?? null
  }

  reset(): void {
    this.#trail = []
  }
}
