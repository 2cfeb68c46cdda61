// The fields that the organisation adds to a volunteer's file.
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { api, call } from '@shared/api/client'
import { allPages } from '@shared/api/pages'
import type { CustomField } from '@shared/api/types'
import { useAccountStore } from '@shared/session/account_store'
import { useUnitStore } from '@/features/units/unit_store'
import { isWithin } from '@/lib/unit_tree'

export const useCustomFieldStore = defineStore('custom-fields', () => {
  const fields = shallowRef<CustomField[]>([])
  let loading: Promise<void> | null = null

  async function reload(): Promise<void> {
    fields.value = await allPages((query) =>
      call(api.GET('/api/v1/admin/custom-fields', { params: { query } })),
    )
  }

  function ensureLoaded(): Promise<void> {
    if (!useAccountStore().can('custom_field:read')) {
      return Promise.resolve()
    }
    loading ??= reload().catch((error: unknown) => {
      loading = null
      throw error
    })
    return loading
  }

  /** The fields of a volunteer whose home is this unit, in their order. */
  function forUnit(unitId: number | null): CustomField[] {
    const units = useUnitStore().byId
    const account = useAccountStore()
    return fields.value
      .filter(
        (field) =>
          field.unit_id === null || (unitId !== null && isWithin(units, unitId, field.unit_id)),
      )
      .filter((field) => field.visible_to !== 'sensitive' || account.can('volunteer:sensitive'))
      .sort((a, b) => a.position - b.position || a.id - b.id)
  }

  function $reset(): void {
    fields.value = []
    loading = null
  }

  return { fields, reload, ensureLoaded, forUnit, $reset }
})
