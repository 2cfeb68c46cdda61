// A list inside of a page that grows by "show more": history, sessions, memberships.
import { computed, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import type { Page } from '../api/pages'

export interface UseMore<T> {
  items: ShallowRef<T[]>
  loading: Ref<boolean>
  loaded: Ref<boolean>
  problem: ShallowRef<unknown>
  hasMore: Ref<boolean>
  more(): Promise<void>
  reload(): Promise<void>
  /** What failed, once more. */
  retry(): Promise<void>
}

export function useMore<T>(
  fetchPage: (query: { limit: number; cursor?: string }) => Promise<Page<T>>,
): UseMore<T> {
  const items = shallowRef<T[]>([])
  const cursor = ref<string | null>(null)
  const loading = ref(false)
  const loaded = ref(false)
  const problem = shallowRef<unknown>(null)
  let latest = 0
  let again: () => Promise<void> = () => fetchInto([], null)

  async function fetchInto(before: T[], from: string | null): Promise<void> {
    latest += 1
    const own = latest
    again = () => fetchInto(before, from)
    loading.value = true
    try {
      const page = await fetchPage({ limit: 20, ...(from === null ? {} : { cursor: from }) })
      // The filters changed meanwhile: this answer is to a question that nobody asks any more.
      if (own !== latest) {
        return
      }
      items.value = [...before, ...page.items]
      cursor.value = page.next_cursor
      loaded.value = true
      problem.value = null
    } catch (error) {
      if (own === latest) {
        problem.value = error
      }
    } finally {
      if (own === latest) {
        loading.value = false
      }
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
    retry: () => again(),
  }
}
