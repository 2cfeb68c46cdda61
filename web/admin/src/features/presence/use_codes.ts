// The rotating code of a shift and direction, asked for again whenever it changes.
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { api, call } from '@shared/api/client'
import { lifeLeft } from './presence_rows'
import type { AttendanceCodes, Direction } from './types'

const TICK_MS = 200
const RETRY_MS = 3_000
// The server's second may not be over yet.
const GRACE_MS = 150

export function useCodes(shiftId: number, direction: Ref<Direction>) {
  const codes = shallowRef<AttendanceCodes | null>(null)
  const problem = shallowRef<unknown>(null)
  const now = ref(Date.now())
  const expiresAt = ref(0)
  let nextFetch = 0
  let fetching = false
  let stopped = false

  async function fetchCodes(): Promise<void> {
    const wanted = direction.value
    fetching = true
    try {
      const answer = await call(
        api.GET('/api/v1/admin/shifts/{shift_id}/codes', {
          params: { path: { shift_id: shiftId }, query: { direction: wanted } },
        }),
      )
      if (wanted === direction.value && !stopped) {
        codes.value = answer
        problem.value = null
        expiresAt.value = Date.now() + answer.seconds_left * 1000
        nextFetch = expiresAt.value + GRACE_MS
      }
    } catch (error) {
      problem.value = error
      nextFetch = Date.now() + RETRY_MS
    } finally {
      fetching = false
    }
  }

  const timer = setInterval(() => {
    now.value = Date.now()
    // A computer that slept comes back here as well.
    if (!fetching && now.value >= nextFetch) {
      void fetchCodes()
    }
  }, TICK_MS)
  watch(direction, () => {
    codes.value = null
    void fetchCodes()
  })
  void fetchCodes()
  onScopeDispose(() => {
    stopped = true
    clearInterval(timer)
  })

  return {
    codes,
    problem,
    secondsLeft: computed(() => Math.max(0, Math.ceil((expiresAt.value - now.value) / 1000))),
    life: computed(() =>
      lifeLeft(expiresAt.value, now.value, codes.value === null ? 30 : codes.value.step_seconds),
    ),
    /** Nobody shall scan what no longer holds. */
    stale: computed(
      () =>
        codes.value !== null &&
        now.value > expiresAt.value + codes.value.tolerance_steps * codes.value.step_seconds * 1000,
    ),
  }
}
