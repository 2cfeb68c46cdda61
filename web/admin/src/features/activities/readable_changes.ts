// The changes of a history as people read them: names for codes, local times, and without what only
// the server needs.
import { toLocal } from './zoned_time'

type Changes = Record<string, { before?: unknown; after?: unknown }>

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
// The ids of what the page shows anyway, and what nobody has touched.
const TECHNICAL = /(^|_)id$|^version$|^(created|updated|state_changed|published|settled)_at$/

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '' || value === 0 || value === false
}

export function readableChanges(
  changes: Changes,
  timeZone: string,
  /** The name of a code in a field, or undefined where it is no code. */
  nameOf: (field: string, code: string) => string | undefined,
): Changes {
  function readable(field: string, value: unknown): unknown {
    if (typeof value !== 'string') {
      return value
    }
    return INSTANT.test(value) ? toLocal(value, timeZone) : (nameOf(field, value) ?? value)
  }
  const kept = Object.entries(changes).filter(
    ([field, { before, after }]) =>
      !TECHNICAL.test(field) && !(isNothing(before) && isNothing(after)),
  )
  return Object.fromEntries(
    kept.map(([field, { before, after }]) => [
      field,
      { before: readable(field, before), after: readable(field, after) },
    ]),
  )
}
