// The presence of a shift: counters and people, followed by server-sent events.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { api, call } from '@shared/api/client'
import { followEvents } from '@shared/api/events'
import { withChanges } from './presence_rows'
import type { PresenceEntry, PresenceState, PresenceSummary } from './types'

const PAGE = 100

interface PresenceEvent {
  summary: PresenceSummary
  changed: PresenceEntry[]
}

export function usePresence(shiftId: number, options: { people: boolean }) {
  const path = { shift_id: shiftId }
  const summary = shallowRef<PresenceSummary | null>(null)
  const rows = shallowRef<PresenceEntry[]>([])
  const cursor = ref<string | null>(null)
  const state = ref<PresenceState | null>(null)
  const loaded = ref(false)
  const loading = ref(false)
  const live = ref(false)
  const problem = shallowRef<unknown>(null)
  const controller = new AbortController()

  async function loadSummary(): Promise<void> {
    summary.value = await call(
      api.GET('/api/v1/admin/shifts/{shift_id}/presence/summary', { params: { path } }),
    )
  }

  async function loadPage(more: boolean): Promise<void> {
    const wanted = state.value
    const page = await call(
      api.GET('/api/v1/admin/shifts/{shift_id}/presence', {
        params: {
          path,
          query: {
            limit: PAGE,
            ...(wanted === null ? {} : { state: wanted }),
            ...(more && cursor.value !== null ? { cursor: cursor.value } : {}),
          },
        },
      }),
    )
    // The filter may have been changed meanwhile.
    if (wanted === state.value) {
      rows.value = more ? withChanges(rows.value, page.items, wanted) : page.items
      cursor.value = page.next_cursor
    }
  }

  async function reload(more = false): Promise<void> {
    loading.value = true
    try {
      await Promise.all([loadSummary(), options.people ? loadPage(more) : undefined])
      loaded.value = true
      problem.value = null
    } catch (error) {
      problem.value = error
    } finally {
      loading.value = false
    }
  }

  function show(next: PresenceState | null): void {
    state.value = next
    void reload()
  }

  /** Takes in what the page itself has done, before the event comes. */
  function accept(...changed: PresenceEntry[]): void {
    rows.value = withChanges(rows.value, changed, state.value)
  }

  function onEvent({ event, data }: { event: string; data: string }): void {
    live.value = true
    if (event === 'presence') {
      const news = JSON.parse(data) as PresenceEvent
      summary.value = news.summary
      accept(...news.changed)
    }
  }

  void reload()
  void followEvents({
    path: `/api/v1/admin/shifts/${shiftId}/presence/events`,
    signal: controller.signal,
    onEvent,
    onReconnect: async () => {
      live.value = false
      await reload()
    },
    isFinished: () => false,
  })
  onScopeDispose(() => controller.abort())

  return {
    summary,
    rows,
    state,
    loaded,
    loading,
    live,
    problem,
    hasMore: computed(() => cursor.value !== null),
    more: () => reload(true),
    reload: () => reload(),
    show,
    accept,
  }
}
