import { describe, expect, it } from 'vitest'
import { countedAt, wordActivity, wordOutcome, wordPlace } from './places'

const place = (free: number, waiting = 0, needed = 20) => ({
  position_id: 1,
  needed,
  free,
  waiting,
})

describe('the places of a position', () => {
  it.each([
    ['are plenty', place(12), 'activities.free', 'good'],
    ['are few', place(2), 'activities.free', 'warm'],
    ['of a small shift are not few at once', place(3, 0, 3), 'activities.free', 'good'],
    ['are gone', place(0), 'activities.full', 'quiet'],
    ['are gone, and people wait', place(0, 4), 'activities.fullWaiting', 'quiet'],
  ] as const)('%s', (_, given, key, tone) => {
    expect(wordPlace(given)).toMatchObject({ key, tone })
  })

  it('tell how many wait', () => {
    expect(wordPlace(place(0, 4)).values).toEqual({ waiting: 4 })
  })
})

it('an activity without coming places says nothing of them', () => {
  expect(wordActivity({ places: 0, free_places: 0 })).toBeNull()
  expect(wordActivity({ places: 5, free_places: 0 })?.key).toBe('activities.full')
  expect(wordActivity({ places: 5, free_places: 5 })?.values).toEqual({ free: 5, places: 5 })
})

describe('what a sign-up would lead to', () => {
  const eligibility = (outcome: 'pending' | 'approved' | 'waitlisted', waiting = 0) => ({
    shift_id: 1,
    position_id: 1,
    position_name: 'x',
    eligible: true,
    outcome,
    places: 10,
    free: 6,
    waiting,
    reasons: [],
  })

  it('is the place on the waitlist that comes next', () => {
    expect(wordOutcome(eligibility('waitlisted', 4), 'automatic').values).toEqual({ place: 5 })
  })

  it('tells a draw from a review', () => {
    expect(wordOutcome(eligibility('pending'), 'lottery').key).toBe('activities.wouldDraw')
    expect(wordOutcome(eligibility('pending'), 'review').key).toBe('activities.wouldReview')
  })

  it('is a place', () => {
    expect(wordOutcome(eligibility('approved'), 'automatic').values).toEqual({
      free: 6,
      places: 10,
    })
  })
})

describe('when the numbers were true', () => {
  const received = new Date('2026-03-01T00:00:10Z')

  it('is earlier by the age of the answer', () => {
    expect(countedAt('4', received)).toBe('2026-03-01T00:00:06.000Z')
  })

  it('is now when the answer has no age', () => {
    expect(countedAt(null, received)).toBe(received.toISOString())
    expect(countedAt('x', received)).toBe(received.toISOString())
  })
})
