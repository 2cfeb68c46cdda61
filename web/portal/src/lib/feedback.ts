// Short answers over the page.
import { showConfirmDialog, showToast } from 'vant'
import { t } from '@shared/i18n'
import { describeError } from '@shared/lib/describe_error'

export function tellDone(message: string): void {
  showToast({ message, icon: 'success' })
}

export function tellProblem(error: unknown): void {
  showToast({ message: describeError(error), duration: 5000, wordBreak: 'normal' })
}

/** Waits for the answer to what somebody did, and tells how it ended. */
export async function tellOutcome(action: Promise<unknown>, done: string): Promise<void> {
  try {
    await action
    tellDone(done)
  } catch (error) {
    tellProblem(error)
  }
}

export async function confirmAction(
  title: string,
  message: string,
  confirm: string,
): Promise<boolean> {
  return showConfirmDialog({
    title,
    message,
    confirmButtonText: confirm,
    cancelButtonText: t('action.cancel'),
  }).then(
    () => true,
    () => false,
  )
}
