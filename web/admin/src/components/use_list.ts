// A list whose state is in the address bar: reload, back and a shared link show the same rows.
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { Page } from '@shared/api/pages'
import { isAbort } from '@shared/api/problem'
import {
  isFiltered,
  PageTrail,
  queryFromState,
  stateFromQuery,
  withFilters,
  withLimit,
  withoutFilters,
  withSort,
  type ListSpec,
  type ListState,
} from '@/lib/list_query'

export interface ListRequest {
  filters: Record<string, string>
  sort?: string
  limit: number
  cursor?: string
  total?: boolean
}

export interface UseList<T> {
  rows: Ref<T[]>
  total: Ref<number | null>
  loading: Ref<boolean>
  loaded: Ref<boolean>
  problem: Ref<unknown>
  state: Ref<ListState>
  filtered: Ref<boolean>
  page: Ref<number>
  hasNext: Ref<boolean>
  hasPrevious: Ref<boolean>
  setFilters(changes: Record<string, string>): void
  clearFilters(): void
  setSort(sort: string): void
  setLimit(limit: number): void
  next(): void
  previous(): void
  first(): void
  reload(): Promise<void>
}

export function useList<T>(
  spec: ListSpec,
  fetchPage: (request: ListRequest, signal: AbortSignal) => Promise<Page<T>>,
): UseList<T> {
  const route = useRoute()
  const router = useRouter()
  const ownPath = route.path
  const trail = new PageTrail()
  const page = ref(1)

  const rows = shallowRef<T[]>([])
  const total = ref<number | null>(null)
  const loading = ref(false)
  const loaded = ref(false)
  const problem = shallowRef<unknown>(null)
  const nextCursor = ref<string | null>(null)
  const state = ref<ListState>(stateFromQuery(spec, route.query))
  let running: AbortController | null = null

  async function reload(): Promise<void> {
    running?.abort()
    const controller = new AbortController()
    running = controller
    loading.value = true
    const { filters, sort, limit, cursor } = state.value
    try {
      const page = await fetchPage(
        {
          filters,
          limit,
          ...(sort === '' ? {} : { sort }),
          // Counting costs a scan: once per list, not on each page.
          ...(cursor === null ? { total: true } : { cursor }),
        },
        controller.signal,
      )
      rows.value = page.items
      nextCursor.value = page.next_cursor
      total.value = page.total ?? total.value
      problem.value = null
      loaded.value = true
    } catch (error) {
      if (!isAbort(error)) {
        problem.value = error
      }
    } finally {
      if (running === controller) {
        loading.value = false
      }
    }
  }

  function go(next: ListState, keepTrail = false): void {
    if (!keepTrail) {
      trail.reset()
    }
    void router.push({ path: ownPath, query: queryFromState(spec, next) })
  }

  watch(
    () => route.query,
    (query) => {
      // The route belongs to another page while this one is left.
      if (route.path !== ownPath) {
        return
      }
      const next = stateFromQuery(spec, query)
      if (next.cursor === null) {
        trail.reset()
      }
      page.value = trail.page
      // What else is in the address (an opened entry, say) does not change the rows.
      if (loaded.value && JSON.stringify(next) === JSON.stringify(state.value)) {
        return
      }
      state.value = next
      void reload()
    },
    { immediate: true },
  )
  onScopeDispose(() => running?.abort())

  return {
    rows,
    total,
    loading,
    loaded,
    problem,
    state,
    filtered: computed(() => isFiltered(state.value)),
    page,
    hasNext: computed(() => nextCursor.value !== null),
    hasPrevious: computed(() => state.value.cursor !== null),
    setFilters: (changes) => go(withFilters(state.value, changes)),
    clearFilters: () => go(withoutFilters(state.value)),
    setSort: (sort) => go(withSort(state.value, sort)),
    setLimit: (limit) => go(withLimit(state.value, limit)),
    next() {
      if (nextCursor.value !== null) {
        const cursor = trail.forward(state.value.cursor, nextCursor.value)
        go({ ...state.value, cursor }, /* keepTrail= */ true)
      }
    },
    previous() {
      go({ ...state.value, cursor: trail.back() }, /* keepTrail= */ true)
    },
    first: () => go({ ...state.value, cursor: null }),
    reload,
  }
}
