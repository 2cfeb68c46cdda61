import { describe, expect, it } from 'vitest'
import { applicationBody, emptyApplication, isMinor } from './application'

describe('a minor', () => {
  it.each([
    ['2008-03-08', true],
    ['2008-03-07', false],
    ['1990-01-01', false],
    ['2020-12-31', true],
    ['', false],
    ['2020', false],
  ])('is whoever was born on "%s": %s', (birth, minor) => {
    expect(isMinor(birth, '2026-03-07')).toBe(minor)
  })

  it('born on 29 February comes of age on 1 March', () => {
    expect(isMinor('2008-02-29', '2026-02-28')).toBe(true)
    expect(isMinor('2008-02-29', '2026-03-01')).toBe(false)
  })
})

describe('an application', () => {
  const more = { policyVersion: '1', language: 'zh-CN', today: '2026-03-07' } as const

  it('names no guardian for an adult, and leaves out what is empty', () => {
    const body = applicationBody(
      { ...emptyApplication(), name: ' 王芳 ', birth_date: '1990-01-01', guardian_name: 'x' },
      more,
    )
    expect(body).toMatchObject({ name: '王芳', email: null, consent: { policy_version: '1' } })
    expect(body).not.toHaveProperty('guardian')
  })

  it('names the guardian of a minor', () => {
    const body = applicationBody(
      {
        ...emptyApplication(),
        birth_date: '2012-01-01',
        guardian_name: '王强',
        guardian_relation: '父亲',
        guardian_phone: '13800138000',
      },
      more,
    )
    expect(body.guardian).toEqual({ name: '王强', relation: '父亲', phone: '13800138000' })
  })
})
