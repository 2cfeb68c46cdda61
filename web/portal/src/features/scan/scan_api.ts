// Sends what was read, and says what came of it.
import { api, call } from '@shared/api/client'
import { randomKey } from '@shared/api/http'
import { ApiError, NetworkError } from '@shared/api/problem'
import type { Attendance } from '@shared/api/types'
import { describeError } from '@shared/lib/describe_error'
import { currentPosition } from '@/lib/position'
import type { ScanCode } from './scan_code'

export type ScanOutcome =
  | { kind: 'done'; attendance: Attendance; code: ScanCode }
  /** Nothing was recorded: only a registered device may send its scans later. */
  | { kind: 'offline'; code: ScanCode }
  | { kind: 'refused'; message: string; code: ScanCode }

const DEVICE_KEY = 'voms.device'

/** Names this browser in the records of attendance; it says nothing about the person. */
function deviceName(): string {
  const known = localStorage.getItem(DEVICE_KEY)
  if (known !== null) {
    return known
  }
  const name = `web-${randomKey().slice(0, 16)}`
  localStorage.setItem(DEVICE_KEY, name)
  return name
}

export async function sendScan(code: ScanCode): Promise<ScanOutcome> {
  try {
    const position = code.kind === 'fixed' ? await currentPosition(/* precise= */ true) : null
    const attendance = await call(
      api.POST('/api/v1/me/attendances/scan', {
        body: {
          code: code.payload,
          device: deviceName(),
          ...(position === null
            ? {}
            : { position: { latitude: position.latitude, longitude: position.longitude } }),
        },
      }),
    )
    return { kind: 'done', attendance, code }
  } catch (error) {
    return error instanceof NetworkError
      ? { kind: 'offline', code }
      : { kind: 'refused', message: refusal(error), code }
  }
}

function refusal(error: unknown): string {
  if (error instanceof ApiError) {
    // The code is the only field: what is wrong with it says more than "not valid".
    return error.fields.code ?? describeError(error)
  }
  return error instanceof Error ? error.message : describeError(error)
}
