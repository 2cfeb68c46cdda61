// One section of the settings: its fields, and a PATCH of what was changed.
import { api, call, ifMatch } from '@shared/api/client'
import type { Settings } from '@shared/api/types'
import { useForm } from '@shared/use/use_form'
import { useSystemStore } from '@shared/session/system_store'
import { t } from '@shared/i18n'
import { notifyDone } from '@/lib/notify'

export function useSettingsForm<K extends keyof Settings & string>(
  settings: () => Settings,
  fields: readonly K[],
  onSaved: (saved: Settings) => void,
) {
  const system = useSystemStore()
  const form = useForm(
    () =>
      Object.fromEntries(fields.map((field) => [field, settings()[field] ?? ''])) as {
        [F in K]: NonNullable<Settings[F]>
      },
  )

  function changes(): Record<string, unknown> {
    const before = settings()
    const patch: Record<string, unknown> = {}
    for (const field of fields) {
      const value: unknown = form.model[field]
      const next = typeof value === 'string' ? value.trim() || null : value
      if (next !== before[field]) {
        patch[field] = next
      }
    }
    return patch
  }

  async function save(): Promise<boolean> {
    const patch = changes()
    if (Object.keys(patch).length === 0) {
      return true
    }
    const done = await form.submit(async () => {
      onSaved(
        await call(
          api.PATCH('/api/v1/admin/settings', {
            params: { header: ifMatch(settings().version) },
            body: patch as never,
          }),
        ),
      )
      await system.load()
    })
    if (done) {
      notifyDone(t('form.saved'))
    }
    return done
  }

  return { ...form, changes, save }
}
