// The tree of units out of the flat list that the API gives.

export interface FlatUnit {
  id: number
  parent_id: number | null
  name: string
}

export interface UnitNode<T extends FlatUnit> {
  id: number
  label: string
  unit: T
  children: UnitNode<T>[]
}

/** A unit whose parent the caller may not see stands at the top. Siblings keep their order. */
export function buildUnitTree<T extends FlatUnit>(units: readonly T[]): UnitNode<T>[] {
  const nodes = new Map<number, UnitNode<T>>()
  for (const unit of units) {
    nodes.set(unit.id, { id: unit.id, label: unit.name, unit, children: [] })
  }
  const roots: UnitNode<T>[] = []
  for (const node of nodes.values()) {
    const parent = node.unit.parent_id === null ? undefined : nodes.get(node.unit.parent_id)
    ;(parent?.children ?? roots).push(node)
  }
  return roots
}

/** The names from the topmost visible unit down to this one. */
export function unitPath(units: ReadonlyMap<number, FlatUnit>, id: number): string[] {
  const names: string[] = []
  const seen = new Set<number>()
  let unit = units.get(id)
  while (unit !== undefined && !seen.has(unit.id)) {
    seen.add(unit.id)
    names.unshift(unit.name)
    unit = unit.parent_id === null ? undefined : units.get(unit.parent_id)
  }
  return names
}

/** Whether `id` is `ancestor` or below it. */
export function isWithin(
  units: ReadonlyMap<number, FlatUnit>,
  id: number,
  ancestor: number,
): boolean {
  const seen = new Set<number>()
  let unit = units.get(id)
  while (unit !== undefined && !seen.has(unit.id)) {
    if (unit.id === ancestor) {
      return true
    }
    seen.add(unit.id)
    unit = unit.parent_id === null ? undefined : units.get(unit.parent_id)
  }
  return false
}
