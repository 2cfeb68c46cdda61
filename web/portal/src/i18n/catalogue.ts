// All messages of the portal.
import { mergeMessages, type Catalogue } from '@shared/i18n/catalogue'
import type { Messages } from '@shared/i18n/define'
import common from './common'

const features = import.meta.glob<Messages>('../features/*/messages.ts', {
  eager: true,
  import: 'default',
})

export const catalogue = (): Catalogue => mergeMessages(common, features)
