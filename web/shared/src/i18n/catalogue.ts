// Puts the messages of an application together, each feature under the name of its folder.
import type { Language, Messages, MessageTree } from './define'

export type Catalogue = Record<Language, MessageTree>

function featureOf(path: string): string {
  return path.split('/').at(-2) ?? path
}

/** `features` is what import.meta.glob found at features/<name>/messages.ts. */
export function mergeMessages(common: Messages, features: Record<string, Messages>): Catalogue {
  const all: Catalogue = { 'zh-CN': { ...common['zh-CN'] }, en: { ...common.en } }
  for (const [path, messages] of Object.entries(features)) {
    all['zh-CN'][featureOf(path)] = messages['zh-CN']
    all.en[featureOf(path)] = messages.en
  }
  return all
}
