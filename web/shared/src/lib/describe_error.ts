// A sentence for a person about anything that was thrown.
import { ApiError, NetworkError } from '../api/problem'
import { t } from '../i18n'

export function describeError(error: unknown): string {
  if (error instanceof NetworkError) {
    return t('error.network')
  }
  if (!(error instanceof ApiError)) {
    return t('error.unexpected')
  }
  if (error.status === 429 && error.retryAfterSeconds !== null) {
    return t('error.tooMany', { seconds: error.retryAfterSeconds })
  }
  if (error.status === 412) {
    return t('error.conflict')
  }
  // The server answers in the person's language.
  return error.message
}
