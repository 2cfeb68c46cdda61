// How many notices are unread, as the server tells it while the console is looked at.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api, call } from '@shared/api/client'
import { followEvents } from '@shared/api/events'
import type { UnreadNotices } from './types'

export const useNoticeStore = defineStore('notices', () => {
  const unread = ref(0)
  /** Changes with every new notice, so that lists know when to look again. */
  const latestId = ref<number | null>(null)
  let following: AbortController | null = null

  function take(told: UnreadNotices): void {
    unread.value = told.unread
    latestId.value = told.latest_id
  }

  async function refresh(): Promise<void> {
    take(await call(api.GET('/api/v1/me/notices/unread')))
  }

  function follow(): void {
    if (following !== null) {
      return
    }
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

  function unfollow(): void {
    following?.abort()
    following = null
  }

  async function markRead(id: number): Promise<void> {
    await call(
      api.POST('/api/v1/me/notices/{notice_id}/read', { params: { path: { notice_id: id } } }),
    )
    await refresh()
  }

  async function markAllRead(upTo: number): Promise<void> {
    await call(api.POST('/api/v1/me/notices/read', { body: { up_to_id: upTo } }))
    await refresh()
  }

  return { unread, latestId, refresh, follow, unfollow, markRead, markAllRead }
})
