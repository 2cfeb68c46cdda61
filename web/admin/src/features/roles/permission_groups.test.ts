import { expect, it } from 'vitest'
import { groupPermissions } from './permission_groups'

it('puts permissions of one concept together, in their order', () => {
  const permission = (code: string) => ({ code, title_zh: code, title_en: code })
  const groups = groupPermissions(['unit:read', 'volunteer:read', 'unit:create'].map(permission))
  expect(
    groups.map(({ concept, permissions }) => [concept, permissions.map(({ code }) => code)]),
  ).toEqual([
    ['unit', ['unit:read', 'unit:create']],
    ['volunteer', ['volunteer:read']],
  ])
})
