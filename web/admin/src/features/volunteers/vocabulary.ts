// What forms and filters suggest. Skills and the like are free texts: these are only the usual ones.
import { currentLanguage } from '@shared/i18n'
import type { IdDocumentType, VolunteerState } from '@shared/api/types'

export const STATES: VolunteerState[] = ['applicant', 'active', 'inactive', 'suspended', 'archived']
export const GENDERS = ['male', 'female', 'unspecified'] as const
export const DOCUMENTS: IdDocumentType[] = [
  'resident_id',
  'hk_macao_permit',
  'taiwan_permit',
  'passport',
  'other',
]
export const REVEALABLE = ['id_number', 'phone', 'email', 'address', 'birth_date'] as const
/** What an export can hold in clear; birth dates are never masked there. */
export const EXPORT_REVEALABLE = ['id_number', 'phone', 'email', 'address'] as const

/** Which states a person can be put into from each; the server has the last word. */
export const NEXT_STATES: Record<
  VolunteerState,
  ('active' | 'inactive' | 'suspended' | 'archived')[]
> = {
  applicant: ['archived'],
  active: ['inactive', 'suspended', 'archived'],
  inactive: ['active', 'suspended', 'archived'],
  suspended: ['active', 'inactive', 'archived'],
  archived: ['active'],
}

const SUGGESTIONS = {
  'zh-CN': {
    skills: [
      '急救',
      '摄影',
      '驾驶',
      '手语',
      '心理咨询',
      '外语翻译',
      '活动策划',
      '计算机',
      '医疗护理',
      '法律咨询',
      '文艺表演',
      '水电维修',
    ],
    categories: [
      '社区服务',
      '扶老助残',
      '助学支教',
      '环境保护',
      '应急救援',
      '医疗卫生',
      '文化体育',
      '赛会服务',
      '交通引导',
      '法律援助',
    ],
    languages: ['普通话', '粤语', '英语', '日语', '韩语', '法语', '德语', '俄语', '西班牙语'],
    education: ['小学', '初中', '高中', '中专', '大专', '本科', '硕士研究生', '博士研究生'],
    political: ['群众', '共青团员', '中共预备党员', '中共党员', '民主党派成员', '无党派人士'],
  },
  en: {
    skills: [
      'First aid',
      'Photography',
      'Driving',
      'Sign language',
      'Counselling',
      'Translation',
      'Event planning',
      'Computers',
      'Nursing',
      'Legal advice',
    ],
    categories: [
      'Community',
      'Elderly and disabled',
      'Education',
      'Environment',
      'Emergency response',
      'Health',
      'Culture and sports',
      'Events',
    ],
    languages: [
      'Mandarin',
      'Cantonese',
      'English',
      'Japanese',
      'Korean',
      'French',
      'German',
      'Russian',
      'Spanish',
    ],
    education: [
      'Primary school',
      'Middle school',
      'High school',
      'College',
      'Bachelor',
      'Master',
      'Doctor',
    ],
    political: [],
  },
} satisfies Record<string, Record<string, string[]>>

export function suggestions(kind: keyof (typeof SUGGESTIONS)['en']): string[] {
  return SUGGESTIONS[currentLanguage()][kind]
}
