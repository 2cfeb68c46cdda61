import { api, call } from '../api/client'
import { useForm } from '../use/use_form'
import { t } from '../i18n'

/** The form that changes the own password, with the check that both entries agree. */
export function usePasswordForm() {
  const form = useForm(() => ({ current_password: '', new_password: '', repeated: '' }))

  async function change(): Promise<boolean> {
    const { current_password, new_password, repeated } = form.model
    if (new_password !== repeated) {
      form.errors.value = { repeated: t('session.mismatch') }
      return false
    }
    return form.submit(async () => {
      await call(api.POST('/api/v1/auth/password', { body: { current_password, new_password } }))
    })
  }

  return { ...form, change }
}
