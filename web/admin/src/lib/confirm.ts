// Questions before something that matters. Each answers null when the person changed their mind.
import { ElMessageBox } from 'element-plus'
import { t } from '@shared/i18n'

interface Question {
  title: string
  text: string
  confirm: string
  danger?: boolean
}

function buttons(question: Question) {
  return {
    confirmButtonText: question.confirm,
    cancelButtonText: t('action.cancel'),
    confirmButtonClass: question.danger ? 'el-button--danger' : '',
    autofocus: !question.danger,
    closeOnClickModal: false,
  }
}

export async function confirmAction(question: Question): Promise<boolean> {
  return ElMessageBox.confirm(question.text, question.title, buttons(question)).then(
    () => true,
    () => false,
  )
}

/** Asks for the reason that goes to the history and the audit log. */
export async function confirmReason(
  question: Question & { optional?: boolean },
): Promise<string | null> {
  const optional = question.optional ?? false
  return ElMessageBox.prompt(question.text, question.title, {
    ...buttons(question),
    inputType: 'textarea',
    inputPlaceholder: `${t('form.reason')}${optional ? `(${t('form.optional')})` : ''} · ${t('form.reasonHint')}`,
    inputValidator: (value) =>
      optional || (value ?? '').trim() !== '' ? true : t('form.reasonRequired'),
  }).then(
    ({ value }) => (value ?? '').trim(),
    () => null,
  )
}
