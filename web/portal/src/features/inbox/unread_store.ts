// How many notices are unread, as the server tells it while the portal is open.
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, call } from '@shared/api/client'
import { followEvents } from '@shared/api/events'
import type { UnreadNotices } from '@shared/api/types'

/** The server counts no further. */
const MANY = 99

export const useUnreadStore = defineStore('unread', () => {
  const unread = ref(0)
  const latestId = ref<number | null>(null)
  let following: AbortController | null = null

  /** For Vant's badges: nothing when nothing is unread. */
  const badge = computed(() => {
    if (unread.value === 0) {
      return undefined
    }
    return unread.value > MANY ? `${MANY}+` : String(unread.value)
  })

  function take(counted: UnreadNotices): void {
    unread.value = counted.unread
    latestId.value = counted.latest_id
  }

  async function refresh(): Promise<void> {
    take(await call(api.GET('/api/v1/me/notices/unread')))
  }

  function follow(): void {
    stop()
    const controller = new AbortController()
    following = controller
    void refresh().catch(() => undefined)
    void followEvents({
      path: '/api/v1/me/notices/events',
      signal: controller.signal,
      onEvent: ({ event, data }) => {
        if (event === 'unread') {
          take(JSON.parse(data) as UnreadNotices)
        }
      },
      onReconnect: refresh,
      isFinished: () => false,
    })
  }

  function stop(): void {
    following?.abort()
    following = null
    unread.value = 0
    latestId.value = null
  }

  return { unread, latestId, badge, refresh, follow, stop }
})
