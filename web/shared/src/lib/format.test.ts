import { describe, expect, it } from 'vitest'
import {
  dayStart,
  formatBytes,
  formatCount,
  formatDay,
  formatHours,
  formatInstant,
  formatInstantSeconds,
  formatPhone,
  formatRelative,
  orDash,
} from './format'

const shanghai = { language: 'zh-CN', timeZone: 'Asia/Shanghai' }

describe('instants', () => {
  it('are shown in the organisation’s zone, whatever the browser’s', () => {
    expect(formatInstant('2026-01-01T16:30:00.000Z', shanghai)).toBe('2026-01-02 00:30')
    expect(formatInstant('2026-01-01T16:30:00.000Z', { ...shanghai, timeZone: 'UTC' })).toBe(
      '2026-01-01 16:30',
    )
  })

  it('have seconds where order matters', () => {
    expect(formatInstantSeconds('2026-01-01T16:30:05.678Z', shanghai)).toBe('2026-01-02 00:30:05')
  })

  it('show a dash when there is none', () => {
    expect(formatInstant(null, shanghai)).toBe('—')
    expect(formatDay(undefined, shanghai)).toBe('—')
  })

  it('are cut to the local day', () => {
    expect(formatDay('2026-01-01T16:30:00.000Z', shanghai)).toBe('2026-01-02')
  })

  it('are told relative to now', () => {
    const now = new Date('2026-01-02T00:00:00.000Z')
    expect(formatRelative('2026-01-01T22:00:00.000Z', 'en', now)).toBe('2 hours ago')
    expect(formatRelative('2026-01-01T23:59:40.000Z', 'en', now)).toBe('this minute')
    expect(formatRelative('2025-12-30T00:00:00.000Z', 'zh-CN', now)).toBe('3天前')
  })
})

it.each([
  ['+8613800010007', '13800010007'],
  ['+86138****0007', '138****0007'],
  ['+85251234567', '+85251234567'],
  ['13800010007', '13800010007'],
  [null, '—'],
])('the phone number %s is shown as %s', (phone, text) => {
  expect(formatPhone(phone)).toBe(text)
})

describe('a day as a filter', () => {
  it('begins at local midnight', () => {
    expect(dayStart('2026-03-05', 'Asia/Shanghai')).toBe('2026-03-04T16:00:00.000Z')
  })

  it('ends where the next one begins', () => {
    expect(dayStart('2026-03-05', 'Asia/Shanghai', true)).toBe('2026-03-05T16:00:00.000Z')
  })

  it('knows zones with summer time', () => {
    expect(dayStart('2026-07-01', 'Europe/Berlin')).toBe('2026-06-30T22:00:00.000Z')
    expect(dayStart('2026-01-01', 'Europe/Berlin')).toBe('2025-12-31T23:00:00.000Z')
  })
})

describe('numbers', () => {
  it.each([
    [0, '0'],
    [60, '1'],
    [90, '1.5'],
    [100, '1.67'],
    [1, '0.02'],
    [6000, '100'],
  ])('%i minutes are %s hours', (minutes, hours) => {
    expect(formatHours(minutes)).toBe(hours)
  })

  it('have separators', () => {
    expect(formatCount(1234567, 'en')).toBe('1,234,567')
  })

  it('of bytes have a unit', () => {
    expect(formatBytes(512)).toBe('512 B')
    expect(formatBytes(1536)).toBe('1.5 KiB')
    expect(formatBytes(5 * 1024 * 1024)).toBe('5.0 MiB')
  })

  it('zero is a value, not a dash', () => {
    expect(orDash(0)).toBe('0')
    expect(orDash('')).toBe('—')
    expect(orDash(null)).toBe('—')
  })
})
