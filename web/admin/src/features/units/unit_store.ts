// The units that the caller may see. Many pages choose among them, so they are read once.
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { api, call } from '@shared/api/client'
import { allPages } from '@shared/api/pages'
import type { Unit } from '@shared/api/types'
import { buildUnitTree, unitPath } from '@/lib/unit_tree'

export const useUnitStore = defineStore('units', () => {
  const units = shallowRef<Unit[]>([])
  const loaded = shallowRef(false)
  let loading: Promise<void> | null = null

  const byId = computed(() => new Map(units.value.map((unit) => [unit.id, unit])))
  const tree = computed(() => buildUnitTree(units.value))

  async function reload(): Promise<void> {
    units.value = await allPages((query) =>
      call(api.GET('/api/v1/admin/units', { params: { query: { ...query, sort: 'path' } } })),
    )
    loaded.value = true
  }

  function ensureLoaded(): Promise<void> {
    if (loaded.value) {
      return Promise.resolve()
    }
    loading ??= reload().finally(() => {
      loading = null
    })
    return loading
  }

  function pathOf(id: number): string {
    return unitPath(byId.value, id).join(' / ')
  }

  function $reset(): void {
    units.value = []
    loaded.value = false
  }

  return { units, loaded, byId, tree, reload, ensureLoaded, pathOf, $reset }
})
