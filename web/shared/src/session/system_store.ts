// What everybody may know of this installation: its name, its time zone, its policy.
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, call } from '../api/client'
import type { SystemInfo } from '../api/types'
import { currentLanguage, t } from '../i18n'

export const useSystemStore = defineStore('system', () => {
  const info = ref<SystemInfo | null>(null)

  const organisationName = computed(() => {
    const { organisation_name_zh: zh, organisation_name_en: en } = info.value ?? {}
    return (currentLanguage() === 'zh-CN' ? zh || en : en || zh) || t('app.name')
  })
  const timeZone = computed(() => info.value?.time_zone ?? 'Asia/Shanghai')

  async function load(): Promise<void> {
    info.value = await call(api.GET('/api/v1/public/system/info'))
  }

  return { info, organisationName, timeZone, load }
})
