import { api, call } from '@shared/api/client'
import { t } from '@shared/i18n'
import { confirmReason } from '@/lib/confirm'
import { notifyDone, notifyProblem } from '@/lib/notify'

interface Person {
  id: number
  name: string
  number: string
}

/** Asks why two are different people, and records it. True when it was done. */
export async function dismissPair(one: Person, other: Person): Promise<boolean> {
  const reason = await confirmReason({
    title: t('volunteers.duplicate.dismiss'),
    text: t('volunteers.duplicate.dismissQuestion', {
      a: `${one.name} ${one.number}`,
      b: `${other.name} ${other.number}`,
    }),
    confirm: t('volunteers.duplicate.dismiss'),
  })
  if (reason === null) {
    return false
  }
  try {
    await call(
      api.POST('/api/v1/admin/duplicates/dismiss', {
        body: { volunteer_id: one.id, other_id: other.id, reason },
      }),
    )
    notifyDone(t('volunteers.duplicate.dismissed'))
    return true
  } catch (error) {
    notifyProblem(error)
    return false
  }
}
