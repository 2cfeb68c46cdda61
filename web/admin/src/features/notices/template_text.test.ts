import { describe, expect, it } from 'vitest'
import { exampleOf, partsOf, unknownParams } from './template_text'

describe('the texts of notices', () => {
  it('are cut at their placeholders', () => {
    expect(partsOf('您好 {name}，{unit}')).toEqual([
      { text: '您好 ' },
      { text: '{name}', param: 'name' },
      { text: '，' },
      { text: '{unit}', param: 'unit' },
    ])
    expect(partsOf('no {Name} {} here')).toEqual([{ text: 'no {Name} {} here' }])
    expect(partsOf('')).toEqual([])
  })

  it('name the placeholders that are not known, once each', () => {
    expect(unknownParams('{name} {monday} {monday}', ['name'])).toEqual(['monday'])
  })

  it('are shown with an example', () => {
    const text = (language: 'zh' | 'en') =>
      exampleOf('{activity}: {nothing}', language)
        .map((part) => part.text)
        .join('')
    expect(text('zh')).toBe('东湖清洁: {nothing}')
    expect(text('en')).toBe('Lake clean-up: {nothing}')
  })
})
