// One import, kept up to date by the server's events while it works.
import { onScopeDispose, watch } from 'vue'
import { api, call } from '@shared/api/client'
import { followEvents } from '@shared/api/events'
import type { Import } from '@shared/api/types'
import { useLoad } from '@shared/use/use_load'
import { isWorking } from './mapping'

export function useImport(id: number) {
  const params = { path: { import_id: id } }
  const load = useLoad<Import>(() => call(api.GET('/api/v1/admin/imports/{import_id}', { params })))
  let following: AbortController | null = null

  function accept(next: Import): void {
    // Events can arrive after the answer to a call that was made later.
    if (load.value.value === null || next.version >= load.value.value.version) {
      load.value.value = next
    }
  }

  async function follow(): Promise<void> {
    const controller = new AbortController()
    following = controller
    await followEvents({
      path: `/api/v1/admin/imports/${id}/events`,
      signal: controller.signal,
      onEvent: ({ data }) => accept(JSON.parse(data) as Import),
      onReconnect: async () =>
        accept(await call(api.GET('/api/v1/admin/imports/{import_id}', { params }))),
      isFinished: () => load.value.value === null || !isWorking(load.value.value.state),
    })
  }

  watch(
    () => load.value.value !== null && isWorking(load.value.value.state),
    (working) => {
      following?.abort()
      following = null
      if (working) {
        void follow()
      }
    },
  )
  onScopeDispose(() => following?.abort())

  return { load, params, accept }
}
