import { createI18n } from 'vue-i18n'
import { setApiLanguage } from '../api/http'
import type { Catalogue } from './catalogue'
import { LANGUAGES, type Language } from './define'

const STORAGE_KEY = 'voms.language'

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN' as Language,
  fallbackLocale: 'zh-CN',
  messages: {} as Catalogue,
})

/** Gives the application's messages to vue-i18n; once, before anything is shown. */
export function installMessages(catalogue: Catalogue): void {
  for (const language of LANGUAGES) {
    i18n.global.setLocaleMessage(language, catalogue[language])
  }
}

function isLanguage(value: unknown): value is Language {
  return LANGUAGES.includes(value as Language)
}

export function currentLanguage(): Language {
  return i18n.global.locale.value as Language
}

export function chosenLanguage(): Language | null {
  const stored = localStorage.getItem(STORAGE_KEY)
  return isLanguage(stored) ? stored : null
}

/** Shows the application in a language, without remembering it as the person's choice. */
export function showLanguage(language: unknown): void {
  if (!isLanguage(language)) {
    return
  }
  i18n.global.locale.value = language
  document.documentElement.lang = language
  setApiLanguage(language)
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(STORAGE_KEY, language)
  showLanguage(language)
}

/** Translation outside of components. */
export const t = (key: string, values: Record<string, unknown> = {}): string =>
  i18n.global.t(key, values)
