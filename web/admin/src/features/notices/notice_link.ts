// Where a notice leads in the console: the server names a thing ("dispute:5"), the console a page.
export interface NoticeTarget {
  route: string
  params?: Record<string, string>
  query?: Record<string, string>
}

/** Pages by the kind of thing; those of volunteers are in their portal and lead nowhere here. */
const TARGETS: Record<string, (id: string) => NoticeTarget> = {
  activity: (id) => ({ route: 'activity', params: { id } }),
  application: () => ({ route: 'applications' }),
  dispute: () => ({ route: 'disputes' }),
  import: (id) => ({ route: 'import', params: { id } }),
  volunteer: (id) => ({ route: 'volunteer', params: { id } }),
}

export function targetOf(link: string | null): NoticeTarget | null {
  const [kind = '', id = ''] = (link ?? '').split(':')
  return /^\d+$/.test(id) && Object.hasOwn(TARGETS, kind) ? (TARGETS[kind]?.(id) ?? null) : null
}
