import { describe, expect, it } from 'vitest'
import { missingFields } from './vocabulary'

describe('what a service record lacks', () => {
  const whole = {
    place: '东湖绿道',
    content: '清理湖岸',
    person_in_charge: '王五',
    recorder_name: '李四',
  }

  it('is nothing when all is there', () => {
    expect(missingFields(whole)).toEqual([])
  })

  it('names each empty field', () => {
    expect(missingFields({ ...whole, place: null, recorder_name: '' })).toEqual([
      'place',
      'recorder_name',
    ])
  })
})
