import { describe, expect, it } from 'vitest'
import { parseScan, typedCode } from './scan_code'

describe('a QR code', () => {
  it('is a rotating code', () => {
    expect(parseScan('VR.17.in.042135')).toEqual({
      kind: 'rotating',
      shiftId: 17,
      direction: 'in',
      payload: 'VR.17.in.042135',
    })
  })

  it('is a fixed code', () => {
    expect(parseScan(' VF.3.out.ABCD2345\n')).toEqual({
      kind: 'fixed',
      shiftId: 3,
      direction: 'out',
      payload: 'VF.3.out.ABCD2345',
    })
  })

  it.each([
    'https://example.org/VR.17.in.042135',
    'VR.17.in.42135',
    'VR.17.in.0421350',
    'VR.017.in.042135',
    'VR.17.up.042135',
    'VF.3.in.ABCD234O',
    'VX.3.in.042135',
    '',
  ])('that says "%s" is none of ours', (text) => {
    expect(parseScan(text)).toBeNull()
  })
})

describe('a typed code', () => {
  it('may have spaces', () => {
    expect(typedCode(' 042 135', 9, 'out')?.payload).toBe('VR.9.out.042135')
  })

  it('may be in small letters, with a hyphen', () => {
    expect(typedCode('abcd-2345', 9, 'in')).toMatchObject({
      kind: 'fixed',
      payload: 'VF.9.in.ABCD2345',
    })
  })

  it.each(['', '12345', 'ABCDEFGHI', 'ABCD0O1I'])('"%s" cannot be one', (typed) => {
    expect(typedCode(typed, 9, 'in')).toBeNull()
  })
})
