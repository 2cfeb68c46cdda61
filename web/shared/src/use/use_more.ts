// A list inside of a page that grows by "show more": history, sessions, memberships.
import { computed, ref, shallowRef } from 'vue'
import type { Page } from '../api/pages'

export function useMore<T>(
  fetchPage: (query: { limit: number; cursor?: string }) => Promise<Page<T>>,
) {
  const items = shallowRef<T[]>([])
  const cursor = ref<string | null>(null)
  const loading = ref(false)
  const loaded = ref(false)
  const problem = shallowRef<unknown>(null)

  async function fetchInto(before: T[], from: string | null): Promise<void> {
    loading.value = true
    try {
      const page = await fetchPage({ limit: 20, ...(from === null ? {} : { cursor: from }) })
      items.value = [...before, ...page.items]
      cursor.value = page.next_cursor
      loaded.value = true
      problem.value = null
    } catch (error) {
      problem.value = error
    } finally {
      loading.value = false
    }
  }

  const reload = (): Promise<void> => fetchInto([], null)
  const more = (): Promise<void> => fetchInto(items.value, cursor.value)
  void reload()
  return {
    items,
    loading,
    loaded,
    problem,
    hasMore: computed(() => cursor.value !== null),
    more,
    reload,
  }
}
