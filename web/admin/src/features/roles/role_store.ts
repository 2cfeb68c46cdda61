// The roles: few, and asked for in several places.
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { api, call } from '@shared/api/client'
import { allPages } from '@shared/api/pages'
import type { Permission, Role } from '@shared/api/types'

export const useRoleStore = defineStore('roles', () => {
  const roles = shallowRef<Role[]>([])
  const permissions = shallowRef<Permission[]>([])

  async function reload(): Promise<void> {
    roles.value = await allPages((query) =>
      call(api.GET('/api/v1/admin/roles', { params: { query } })),
    )
  }

  async function loadPermissions(): Promise<void> {
    if (permissions.value.length === 0) {
      permissions.value = (await call(api.GET('/api/v1/admin/permissions'))).items
    }
  }

  function $reset(): void {
    roles.value = []
    permissions.value = []
  }

  return { roles, permissions, reload, loadPermissions, $reset }
})
