import { useI18n } from 'vue-i18n'

/** Names for what the server calls by codes; a code without a name is shown as it is. */
export function useAuditNames() {
  const { t, te } = useI18n()

  function named(prefix: string, code: string): string {
    const key = `${prefix}.${code.replaceAll(/[.:]/g, '_')}`
    return te(key) ? t(key) : code
  }

  return {
    actionName: (action: string) => named('audit.actions', action),
    objectName: (type: string) => named('audit.objects', type),
  }
}
