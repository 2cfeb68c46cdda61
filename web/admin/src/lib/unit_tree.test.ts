import { describe, expect, it } from 'vitest'
import { buildUnitTree, isWithin, unitPath, type FlatUnit } from './unit_tree'

const units: FlatUnit[] = [
  { id: 1, parent_id: null, name: 'root' },
  { id: 2, parent_id: 1, name: 'north' },
  { id: 3, parent_id: 2, name: 'school' },
  { id: 4, parent_id: 1, name: 'south' },
]
const byId = new Map(units.map((unit) => [unit.id, unit]))

describe('the tree of units', () => {
  it('puts each below its parent, in the given order', () => {
    const [root] = buildUnitTree(units)
    expect(root?.children.map((node) => node.label)).toEqual(['north', 'south'])
    expect(root?.children[0]?.children[0]?.label).toBe('school')
  })

  it('does not depend on parents coming first', () => {
    expect(buildUnitTree([...units].reverse())[0]?.label).toBe('root')
  })

  it('puts a unit at the top whose parent may not be seen', () => {
    expect(buildUnitTree(units.slice(1)).map((node) => node.label)).toEqual(['north', 'south'])
  })
})

describe('a unit’s place', () => {
  it('is named from the top down', () => {
    expect(unitPath(byId, 3)).toEqual(['root', 'north', 'school'])
    expect(unitPath(byId, 99)).toEqual([])
  })

  it('is within itself and what is above it', () => {
    expect(isWithin(byId, 3, 3)).toBe(true)
    expect(isWithin(byId, 3, 1)).toBe(true)
    expect(isWithin(byId, 3, 4)).toBe(false)
  })

  it('ends even if the data go round in a circle', () => {
    const circle = new Map([
      [1, { id: 1, parent_id: 2, name: 'a' }],
      [2, { id: 2, parent_id: 1, name: 'b' }],
    ])
    expect(unitPath(circle, 1)).toEqual(['b', 'a'])
    expect(isWithin(circle, 1, 9)).toBe(false)
  })
})
