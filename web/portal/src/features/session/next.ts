/** Where to go after a login: only paths of the portal, for "//host" would lead elsewhere. */
export function nextPath(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : '/'
}
