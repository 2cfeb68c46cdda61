import type { Permission } from '@shared/api/types'

export interface PermissionGroup {
  concept: string
  permissions: Permission[]
}

/** The permissions by their concept ("volunteer:read" belongs to volunteer), in the given order. */
export function groupPermissions(permissions: readonly Permission[]): PermissionGroup[] {
  const groups = new Map<string, PermissionGroup>()
  for (const permission of permissions) {
    const concept = permission.code.split(':')[0] ?? permission.code
    const group = groups.get(concept) ?? { concept, permissions: [] }
    group.permissions.push(permission)
    groups.set(concept, group)
  }
  return [...groups.values()]
}
