// Reads a whole list, for the few that are small by nature (units, roles, custom fields).
interface PageOf<T> {
  items: T[]
  next_cursor: string | null
}

export const MAX_LIMIT = 100

export async function allPages<T>(
  fetchPage: (query: { limit: number; cursor?: string }) => Promise<PageOf<T>>,
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const page: PageOf<T> = await fetchPage({
      limit: MAX_LIMIT,
      ...(cursor === null ? {} : { cursor }),
    })
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null)
  return items
}
