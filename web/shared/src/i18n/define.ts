// Messages of one concept in both languages. The second argument must have exactly the keys of the
// first, which the compiler checks.
export type Language = 'zh-CN' | 'en'
export const LANGUAGES: readonly Language[] = ['zh-CN', 'en']

export type MessageTree = { [key: string]: string | MessageTree }

type SameKeys<T> = { [K in keyof T]: T[K] extends string ? string : SameKeys<T[K]> }

export interface Messages {
  'zh-CN': MessageTree
  en: MessageTree
}

export function defineMessages<T extends MessageTree>(zh: T, en: SameKeys<T>): Messages {
  return { 'zh-CN': zh, en: en as MessageTree }
}
