// One thing that a page shows: loading, there, or not.
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'

export interface UseLoad<T> {
  value: ShallowRef<T | null>
  loading: Ref<boolean>
  problem: ShallowRef<unknown>
  reload(): Promise<void>
}

export function useLoad<T>(load: () => Promise<T>, options: { lazy?: boolean } = {}): UseLoad<T> {
  const value = shallowRef<T | null>(null)
  const loading = ref(false)
  const problem = shallowRef<unknown>(null)

  async function reload(): Promise<void> {
    loading.value = true
    try {
      value.value = await load()
      problem.value = null
    } catch (error) {
      problem.value = error
    } finally {
      loading.value = false
    }
  }

  if (options.lazy !== true) {
    void reload()
  }
  return { value, loading, problem, reload }
}
