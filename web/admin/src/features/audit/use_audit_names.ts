import { useI18n } from 'vue-i18n'
import type { MessageTree } from '@shared/i18n/define'
import messages from './messages'

const OBJECTS = Object.keys(messages.en.objects as MessageTree)

/** The server's code of an action whose text is kept under `key`: the first "_" was a dot, unless
 *  the object's name itself has one ("dead_letter_retry"). */
function codeOf(key: string): string {
  const object = OBJECTS.find((name) => name.includes('_') && key.startsWith(`${name}_`))
  const at = object === undefined ? key.indexOf('_') : object.length
  return `${key.slice(0, at)}.${key.slice(at + 1)}`
}

/** Every action that has a text, by its code. */
export const AUDIT_ACTIONS = Object.keys(messages.en.actions as MessageTree).map(codeOf)
export const AUDIT_OBJECTS = OBJECTS

/** Names for what the server calls by codes; a code without a name is shown as it is. */
export function useAuditNames() {
  const { t, te } = useI18n()

  function named(prefix: string, code: string): string {
    const key = `${prefix}.${code.replaceAll(/[.:]/g, '_')}`
    return te(key) ? t(key) : code
  }

  return {
    /** Who did it; without an account it was the server itself. */
    actorName: (entry: { actor_id: number | null; actor_name: string | null }) =>
      entry.actor_id === null && (entry.actor_name ?? 'system') === 'system'
        ? t('audit.system')
        : (entry.actor_name ?? '—'),
    actionName: (action: string) => named('audit.actions', action),
    objectName: (type: string) => named('audit.objects', type),
  }
}
