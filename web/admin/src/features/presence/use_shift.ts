// The shift of a presence screen and its activity. The front desk may see neither, and works
// without them.
import { api, call } from '@shared/api/client'
import { useLoad } from '@shared/use/use_load'
import { useAccountStore } from '@shared/session/account_store'
import { useSystemStore } from '@shared/session/system_store'
import { t } from '@shared/i18n'
import { computed } from 'vue'
import type { Activity, Shift } from '@/features/activities/types'
import { dayAndSpan } from '@/features/activities/zoned_time'

export function useShift(id: number) {
  const account = useAccountStore()
  const system = useSystemStore()

  const load = useLoad<{ shift: Shift; activity: Activity } | null>(async () => {
    if (!account.can('activity:read')) {
      return null
    }
    const shift = await call(
      api.GET('/api/v1/admin/shifts/{shift_id}', { params: { path: { shift_id: id } } }),
    )
    const activity = await call(
      api.GET('/api/v1/admin/activities/{activity_id}', {
        params: { path: { activity_id: shift.activity_id } },
      }),
    )
    return { shift, activity }
  })

  const shift = computed(() => load.value.value?.shift ?? null)
  const activity = computed(() => load.value.value?.activity ?? null)
  const timeZone = computed(() => activity.value?.time_zone ?? system.timeZone)
  const title = computed(
    () =>
      activity.value?.name ??
      (load.loading.value ? t('presence.screen') : t('presence.shiftNumber', { id })),
  )
  const when = computed(() =>
    shift.value === null
      ? ''
      : dayAndSpan(shift.value.starts_at, shift.value.ends_at, timeZone.value),
  )
  return { shift, activity, timeZone, title, when }
}
