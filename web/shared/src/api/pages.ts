// Lists come in pages, by keyset.
export interface Page<T> {
  items: T[]
  next_cursor: string | null
  total?: number
}

export const MAX_LIMIT = 100

/** Reads a whole list, for the few that are small by nature (units, roles, custom fields). */
export async function allPages<T>(
  fetchPage: (query: { limit: number; cursor?: string }) => Promise<Page<T>>,
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const page: Page<T> = await fetchPage({
      limit: MAX_LIMIT,
      ...(cursor === null ? {} : { cursor }),
    })
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null)
  return items
}
