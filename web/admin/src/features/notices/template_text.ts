// The texts of notices have placeholders in braces. What they become is shown with invented values.
export interface TextPart {
  text: string
  /** The name of the placeholder that this part stands for. */
  param?: string
}

const PLACEHOLDER = /\{([a-z_]+)\}/g

export function partsOf(text: string): TextPart[] {
  const parts: TextPart[] = []
  let at = 0
  for (const match of text.matchAll(PLACEHOLDER)) {
    if (match.index > at) {
      parts.push({ text: text.slice(at, match.index) })
    }
    parts.push({ text: match[0], param: match[1] ?? '' })
    at = match.index + match[0].length
  }
  if (at < text.length) {
    parts.push({ text: text.slice(at) })
  }
  return parts
}

export function unknownParams(text: string, known: readonly string[]): string[] {
  const used = partsOf(text).flatMap(({ param }) => (param === undefined ? [] : [param]))
  return [...new Set(used.filter((param) => !known.includes(param)))]
}

type Language = 'zh' | 'en'

const EXAMPLES: Record<string, Record<Language, string>> = {
  activity: { zh: '东湖清洁', en: 'Lake clean-up' },
  position: { zh: '引导员', en: 'Guide' },
  place: { zh: '东湖绿道', en: 'East Lake' },
  reason: { zh: '天气原因', en: 'Bad weather' },
  name: { zh: '王小明', en: 'Wang Xiaoming' },
  unit: { zh: '东湖分队', en: 'East Lake Team' },
  field: { zh: '手机号', en: 'Phone' },
  message: { zh: '手机号少一位', en: 'One digit is missing' },
  file: { zh: '名单.xlsx', en: 'people.xlsx' },
  minutes: { zh: '2.5', en: '2.5' },
  total_minutes: { zh: '36', en: '36' },
  old_minutes: { zh: '2', en: '2' },
  new_minutes: { zh: '2.5', en: '2.5' },
  created: { zh: '120', en: '120' },
  updated: { zh: '8', en: '8' },
  refused: { zh: '2', en: '2' },
  starts_at: { zh: '2026-05-04 09:00', en: '2026-05-04 09:00' },
  ends_at: { zh: '2026-05-04 12:00', en: '2026-05-04 12:00' },
  offered_until: { zh: '2026-05-01 18:00', en: '2026-05-01 18:00' },
}

/** The text with the values of an example. */
export function exampleOf(text: string, language: Language): TextPart[] {
  return partsOf(text).map((part) =>
    part.param === undefined
      ? part
      : { ...part, text: EXAMPLES[part.param]?.[language] ?? part.text },
  )
}
