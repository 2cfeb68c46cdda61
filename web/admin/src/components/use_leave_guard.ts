// Asks before unsaved work is left, within the console and when the tab is closed.
import { onBeforeUnmount, type Ref } from 'vue'
import { onBeforeRouteLeave } from 'vue-router'
import { t } from '@shared/i18n'

export function useLeaveGuard(dirty: Ref<boolean>): void {
  function onUnload(event: BeforeUnloadEvent): void {
    if (dirty.value) {
      event.preventDefault()
    }
  }
  window.addEventListener('beforeunload', onUnload)
  onBeforeUnmount(() => window.removeEventListener('beforeunload', onUnload))
  onBeforeRouteLeave(() => !dirty.value || window.confirm(t('form.unsaved')))
}
