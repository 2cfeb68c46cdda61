// The formatters of lib/format, bound to the person's language and the organisation's time zone.
import { computed } from 'vue'
import { useSystemStore } from '../session/system_store'
import { currentLanguage } from '../i18n'
import * as format from '../lib/format'

export function useDisplay() {
  const system = useSystemStore()
  const options = computed(() => ({ language: currentLanguage(), timeZone: system.timeZone }))
  return {
    instant: (iso: string | null | undefined) => format.formatInstant(iso, options.value),
    instantSeconds: (iso: string) => format.formatInstantSeconds(iso, options.value),
    day: (iso: string | null | undefined) => format.formatDay(iso, options.value),
    relative: (iso: string) => format.formatRelative(iso, options.value.language),
    count: (count: number) => format.formatCount(count, options.value.language),
    hours: format.formatHours,
    bytes: format.formatBytes,
    phone: format.formatPhone,
    orDash: format.orDash,
    dayStart: (day: string) => format.dayStart(day, options.value.timeZone),
    dayEnd: (day: string) => format.dayStart(day, options.value.timeZone, /* endOf= */ true),
    /** The text of a pair such as name_zh and name_en in the person's language. */
    localized: (zh: string, en: string) =>
      options.value.language === 'zh-CN' ? zh || en : en || zh,
  }
}
