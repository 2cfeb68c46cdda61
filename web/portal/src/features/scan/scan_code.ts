// The codes of a shift: what a QR code says, and what a person types from the screen.

export type Direction = 'in' | 'out'

export interface ScanCode {
  /** A fixed code needs the position too. */
  kind: 'rotating' | 'fixed'
  shiftId: number
  direction: Direction
  /** As the server takes it. */
  payload: string
}

const QR = /^(VR|VF)\.([1-9]\d{0,15})\.(in|out)\.([0-9A-Z]+)$/
const ROTATING = /^\d{6}$/
// Without signs that look alike: neither I, L, O nor 0, 1.
const FIXED = /^[ABCDEFGHJKMNP-Z2-9]{8}$/

/** What was read from a QR code; null when it is none of ours. */
export function parseScan(text: string): ScanCode | null {
  const match = QR.exec(text.trim())
  if (match === null) {
    return null
  }
  const [payload, prefix, id, direction, code = ''] = match
  const fits = prefix === 'VR' ? ROTATING.test(code) : FIXED.test(code)
  return fits
    ? {
        kind: prefix === 'VR' ? 'rotating' : 'fixed',
        shiftId: Number(id),
        direction: direction as Direction,
        payload,
      }
    : null
}

/** What was typed; spaces, hyphens and small letters do not matter. Null when it cannot be a code. */
export function typedCode(typed: string, shiftId: number, direction: Direction): ScanCode | null {
  const code = typed.replace(/[\s-]/g, '').toUpperCase()
  const prefix = ROTATING.test(code) ? 'VR' : 'VF'
  return parseScan(`${prefix}.${shiftId}.${direction}.${code}`)
}
