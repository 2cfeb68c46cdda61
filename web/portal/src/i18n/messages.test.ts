import { describe, expect, it } from 'vitest'
import { catalogue } from './catalogue'
import type { MessageTree } from '@shared/i18n/define'

function flatten(tree: MessageTree, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') {
      flat.set(prefix + key, value)
    } else {
      flatten(value, `${prefix}${key}.`).forEach((text, name) => flat.set(name, text))
    }
  }
  return flat
}

function placeholders(text: string): string[] {
  return (text.match(/\{[^}]+\}/g) ?? []).sort()
}

const zh = flatten(catalogue()['zh-CN'])
const en = flatten(catalogue().en)
const sources = import.meta.glob<string>(['../**/*.vue', '../**/*.ts', '!../**/*.test.ts'], {
  eager: true,
  query: '?raw',
  import: 'default',
})

describe('the two languages', () => {
  it('have the same keys', () => {
    expect([...en.keys()].sort()).toEqual([...zh.keys()].sort())
    expect(zh.size).toBeGreaterThan(200)
  })

  it('fill in the same values', () => {
    const different = [...zh].filter(
      ([key, text]) => `${placeholders(text)}` !== `${placeholders(en.get(key) ?? '')}`,
    )
    expect(different).toEqual([])
  })

  it('leave nothing empty, and no Chinese in the English texts', () => {
    expect([...zh, ...en].filter(([, text]) => text.trim() === '')).toEqual([])
    expect([...en].filter(([, text]) => /[一-鿿]/.test(text))).toEqual([])
  })
})

describe('every key that is written in a source', () => {
  const used = Object.entries(sources).flatMap(([file, text]) =>
    [...text.matchAll(/(?:\$t|\bt)\(\s*'([\w.-]+)'/g)].map(
      (match) => [match[1] ?? '', file] as const,
    ),
  )

  it('has a text', () => {
    expect(used.length).toBeGreaterThan(150)
    expect(used.filter(([key]) => !zh.has(key))).toEqual([])
  })

  it('has texts also where the last part is computed', () => {
    const prefixes = Object.entries(sources).flatMap(([file, text]) =>
      [...text.matchAll(/(?:\$t|\bt)\(\s*`([\w.]+\.)\$\{/g)].map(
        (match) => [match[1] ?? '', file] as const,
      ),
    )
    expect(prefixes.length).toBeGreaterThan(8)
    expect(
      prefixes.filter(([prefix]) => ![...zh.keys()].some((key) => key.startsWith(prefix))),
    ).toEqual([])
  })
})
