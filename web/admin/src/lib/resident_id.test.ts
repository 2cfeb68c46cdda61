import { describe, expect, it } from 'vitest'
import { checkResidentId } from './resident_id'

const today = new Date('2026-01-01T00:00:00Z')

describe('a resident ID number', () => {
  it('tells birth date, gender and region', () => {
    // The example of GB 11643-1999.
    expect(checkResidentId('11010519491231002X', today)).toEqual({
      ok: true,
      birthDate: '1949-12-31',
      gender: 'female',
      region: '110105',
    })
    expect(checkResidentId('440524188001010014', today)).toEqual({ ok: false, fault: 'date' })
  })

  it('may be typed with a small x and spaces around', () => {
    expect(checkResidentId(' 11010519491231002x ', today).ok).toBe(true)
  })

  it.each([
    ['1101051949123100', 'length'],
    ['', 'length'],
    ['11010519491231002A', 'characters'],
    ['1101051949123１002X'.slice(0, 18), 'characters'],
    ['99010519491231002X', 'region'],
    ['11010519490231002X', 'date'],
    ['11010520991231002X', 'date'],
    ['110105194912310021', 'checksum'],
  ])('%s is refused for its %s', (number, fault) => {
    expect(checkResidentId(number, today)).toEqual({ ok: false, fault })
  })
})
