import type { components } from '@shared/api/schema'

type Schemas = components['schemas']

export type Notice = Schemas['Notice']
export type NoticePreference = Schemas['NoticePreference']
export type NoticeTemplate = Schemas['NoticeTemplate']
export type UnreadNotices = Schemas['UnreadNotices']
