// All messages, each concept under the name of its folder.
import common from './common'
import type { Language, Messages, MessageTree } from './define'

const features = import.meta.glob<Messages>('../features/*/messages.ts', {
  eager: true,
  import: 'default',
})

function conceptOf(path: string): string {
  return path.split('/').at(-2) ?? path
}

export function catalogue(): Record<Language, MessageTree> {
  const all: Record<Language, MessageTree> = {
    'zh-CN': { ...common['zh-CN'] },
    en: { ...common.en },
  }
  for (const [path, messages] of Object.entries(features)) {
    all['zh-CN'][conceptOf(path)] = messages['zh-CN']
    all.en[conceptOf(path)] = messages.en
  }
  return all
}
