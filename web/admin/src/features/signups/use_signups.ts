// The sign-ups of an activity or of one shift of it, by state, each in the order of arrival.
import { reactive, ref, type Ref } from 'vue'
import { api, call } from '@shared/api/client'
import type { Signup, SignupState } from './types'

const PAGE = 50

export interface StateList {
  items: Signup[]
  cursor: string | null
  loading: boolean
}

export function useSignups(
  activityId: number,
  filters: Ref<{ shiftId: number | null; positionId: number | null }>,
) {
  const lists = reactive(new Map<SignupState, StateList>())
  const problem = ref<unknown>(null)
  // An answer for filters that were changed meanwhile is dropped.
  let generation = 0

  function fetchPage(state: SignupState, cursor: string | null) {
    const { shiftId, positionId } = filters.value
    const query = {
      state,
      limit: PAGE,
      sort: 'sequence' as const,
      ...(positionId === null ? {} : { position_id: positionId }),
      ...(cursor === null ? {} : { cursor }),
    }
    return shiftId === null
      ? call(
          api.GET('/api/v1/admin/activities/{activity_id}/signups', {
            params: { path: { activity_id: activityId }, query },
          }),
        )
      : call(
          api.GET('/api/v1/admin/shifts/{shift_id}/signups', {
            params: { path: { shift_id: shiftId }, query },
          }),
        )
  }

  async function load(state: SignupState, more = false): Promise<void> {
    const own = generation
    const before = lists.get(state)
    if (before !== undefined) {
      before.loading = true
    }
    try {
      const page = await fetchPage(state, more ? (before?.cursor ?? null) : null)
      if (own === generation) {
        lists.set(state, {
          items: more ? [...(before?.items ?? []), ...page.items] : page.items,
          cursor: page.next_cursor,
          loading: false,
        })
        problem.value = null
      }
    } catch (error) {
      if (own === generation) {
        problem.value = error
      }
    }
  }

  async function reload(states: readonly SignupState[], forget = false): Promise<void> {
    generation += 1
    if (forget) {
      lists.clear()
    }
    await Promise.all(states.map((state) => load(state)))
  }

  return { lists, problem, load, reload }
}
