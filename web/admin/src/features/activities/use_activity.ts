// One activity with what the readiness check says of it, and the actions that its state allows.
import { computed, ref, shallowRef } from 'vue'
import { useRouter } from 'vue-router'
import { api, call, ifMatch } from '@shared/api/client'
import { useLoad } from '@shared/use/use_load'
import { useAccountStore } from '@shared/session/account_store'
import { t } from '@shared/i18n'
import { confirmAction, confirmReason } from '@/lib/confirm'
import { notifyDone, notifyProblem } from '@/lib/notify'
import type { Activity, ActivityReadiness, Settlement } from './types'
import { mayStill, type ActivityAction } from './vocabulary'

const NEEDS: Record<ActivityAction, string> = {
  edit: 'activity:manage',
  submit: 'activity:manage',
  publish: 'activity:manage',
  withdraw: 'activity:manage',
  approve: 'activity:publish',
  reject: 'activity:publish',
  cancel: 'activity:manage',
  settle: 'ledger:settle',
  delete: 'activity:manage',
}

export function useActivity(id: number) {
  const router = useRouter()
  const account = useAccountStore()
  const path = { activity_id: id }
  const readiness = shallowRef<ActivityReadiness | null>(null)
  const settlement = shallowRef<Settlement | null>(null)
  const acting = ref<ActivityAction | null>(null)

  async function loadAround(activity: Activity): Promise<void> {
    readiness.value =
      activity.state === 'draft' || activity.state === 'submitted'
        ? await call(
            api.GET('/api/v1/admin/activities/{activity_id}/readiness', { params: { path } }),
          )
        : null
    settlement.value =
      (activity.state === 'ended' || activity.state === 'settled') && account.can('ledger:read')
        ? await call(
            api.GET('/api/v1/admin/activities/{activity_id}/settlement', { params: { path } }),
          )
        : null
  }

  const load = useLoad<Activity>(async () => {
    const activity = await call(
      api.GET('/api/v1/admin/activities/{activity_id}', { params: { path } }),
    )
    // The page is of use without them.
    await loadAround(activity).catch(notifyProblem)
    return activity
  })
  const activity = computed(() => load.value.value)

  function offers(action: ActivityAction): boolean {
    if (activity.value === null || !account.can(NEEDS[action])) {
      return false
    }
    if (!mayStill(activity.value.state, action)) {
      return false
    }
    const ready = readiness.value
    if (action === 'publish') {
      return ready !== null && (ready.may_publish || !ready.approval_required)
    }
    if (action === 'submit') {
      return ready !== null && ready.approval_required && !ready.may_publish
    }
    // Settling again takes up what was reviewed since.
    return (
      action !== 'settle' || activity.value.state === 'ended' || (settlement.value?.held ?? 0) > 0
    )
  }

  async function run(action: ActivityAction, task: () => Promise<void>): Promise<boolean> {
    acting.value = action
    try {
      await task()
      notifyDone(t(`activities.done.${action}`))
      return true
    } catch (error) {
      notifyProblem(error)
      return false
    } finally {
      acting.value = null
    }
  }

  /** Asks, does it, and shows what has become of it. */
  async function act(action: ActivityAction): Promise<void> {
    const current = activity.value
    if (current === null) {
      return
    }
    const question = {
      title: t(`activities.action.${action}`),
      text: t(`activities.question.${action}`, { name: current.name }),
      confirm: t(`activities.action.${action}`),
      danger: action === 'cancel' || action === 'delete' || action === 'reject',
    }
    const withReason = action === 'cancel' || action === 'reject'
    const reason = withReason
      ? await confirmReason(question)
      : (await confirmAction(question))
        ? ''
        : null
    if (reason === null) {
      return
    }
    if (action === 'delete') {
      const done = await run(action, () =>
        call(api.DELETE('/api/v1/admin/activities/{activity_id}', { params: { path } })),
      )
      if (done) {
        await router.push({ name: 'activities' })
      }
      return
    }
    await run(action, () => send(action, current, reason))
    await load.reload()
  }

  async function send(action: ActivityAction, current: Activity, reason: string): Promise<void> {
    const params = { path, header: ifMatch(current.version) }
    if (action === 'cancel') {
      await call(
        api.POST('/api/v1/admin/activities/{activity_id}/cancel', { params, body: { reason } }),
      )
    } else if (action === 'approve' || action === 'reject') {
      await call(
        api.POST('/api/v1/admin/activities/{activity_id}/decision', {
          params,
          body: { decision: action, ...(reason === '' ? {} : { reason }) },
        }),
      )
    } else if (action === 'settle') {
      await call(api.POST('/api/v1/admin/activities/{activity_id}/settle', { params: { path } }))
    } else if (action === 'submit') {
      await call(api.POST('/api/v1/admin/activities/{activity_id}/submit', { params }))
    } else if (action === 'publish') {
      await call(api.POST('/api/v1/admin/activities/{activity_id}/publish', { params }))
    } else if (action === 'withdraw') {
      await call(api.POST('/api/v1/admin/activities/{activity_id}/withdraw', { params }))
    }
  }

  return { load, activity, readiness, settlement, acting, offers, act }
}
