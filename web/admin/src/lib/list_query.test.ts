import { describe, expect, it } from 'vitest'
import {
  isFiltered,
  PageTrail,
  queryFromState,
  stateFromQuery,
  withFilters,
  withLimit,
  withoutFilters,
  withSort,
  type ListSpec,
} from './list_query'

const spec: ListSpec = { filters: ['q', 'state', 'unit_id'], defaultSort: '-created_at' }

describe('the address of a list', () => {
  it('says nothing where everything is as it is by default', () => {
    const state = stateFromQuery(spec, {})
    expect(state).toEqual({ filters: {}, sort: '-created_at', limit: 20, cursor: null })
    expect(queryFromState(spec, state)).toEqual({})
  })

  it('survives the way there and back', () => {
    const query = { q: '张', state: 'active', sort: 'name', limit: '50', cursor: 'abc' }
    expect(queryFromState(spec, stateFromQuery(spec, query))).toEqual(query)
  })

  it('ignores what is no filter of this list', () => {
    expect(stateFromQuery(spec, { evil: '1', tab: 'x' }).filters).toEqual({})
  })

  it('takes the first of several values', () => {
    expect(stateFromQuery(spec, { q: ['a', 'b'] }).filters).toEqual({ q: 'a' })
  })

  it.each(['7', '0', '-20', 'many', '100000'])('does not believe a page size of %s', (limit) => {
    expect(stateFromQuery(spec, { limit }).limit).toBe(20)
  })
})

describe('a change of the list', () => {
  const deep = stateFromQuery(spec, { q: 'a', cursor: 'page3' })

  it('of filters, order or size goes back to the first page', () => {
    expect(withFilters(deep, { state: 'active' }).cursor).toBeNull()
    expect(withSort(deep, 'name').cursor).toBeNull()
    expect(withLimit(deep, 50).cursor).toBeNull()
    expect(withoutFilters(deep).cursor).toBeNull()
  })

  it('keeps the other filters', () => {
    expect(withFilters(deep, { state: 'active' }).filters).toEqual({ q: 'a', state: 'active' })
  })

  it('drops a filter that becomes empty', () => {
    expect(withFilters(deep, { q: '' }).filters).toEqual({})
    expect(isFiltered(withFilters(deep, { q: '' }))).toBe(false)
  })

  it('leaves the state it came from alone', () => {
    withFilters(deep, { q: 'b' })
    expect(deep.filters.q).toBe('a')
  })
})

describe('the trail of pages', () => {
  it('leads back through the pages to the first', () => {
    const trail = new PageTrail()
    expect(trail.page).toBe(1)
    let cursor: string | null = null
    cursor = trail.forward(cursor, 'two')
    cursor = trail.forward(cursor, 'three')
    expect(cursor).toBe('three')
    expect(trail.page).toBe(3)
    expect(trail.back()).toBe('two')
    expect(trail.back()).toBeNull()
    expect(trail.canGoBack).toBe(false)
    expect(trail.page).toBe(1)
  })

  it('leads to the first page when it is not known (after a reload)', () => {
    expect(new PageTrail().back()).toBeNull()
  })
})
