// What a notice is about, as a page of the portal.
import type { RouteLocationRaw } from 'vue-router'

/** `link` is such as "signup:17"; null when there is nothing to open. */
export function routeOfLink(link: string | null): RouteLocationRaw | null {
  const [kind, id = ''] = (link ?? '').split(':')
  if (!/^[1-9]\d*$/.test(id)) {
    return null
  }
  switch (kind) {
    case 'signup':
      return { name: 'signup', params: { id } }
    case 'activity':
      return { name: 'activity', params: { id } }
    case 'claim':
      return { name: 'record', params: { id } }
    case 'attendance':
      return { name: 'shifts', query: { tab: 'past' } }
    case 'dispute':
      return { name: 'hours', query: { tab: 'disputes' } }
    default:
      return null
  }
}
