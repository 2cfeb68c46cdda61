import { describe, expect, it } from 'vitest'
import { EventParser } from './events'

function parseAll(pieces: string[]) {
  const parser = new EventParser()
  return pieces.flatMap((piece) => parser.push(piece))
}

const STREAM =
  'retry: 1000\n: hello\n\nevent: progress\nid: 7\ndata: {"rows_done":1}\n\nevent: state\ndata: a\ndata: b\n\n'

describe('the stream of events', () => {
  it('is cut into events', () => {
    expect(parseAll([STREAM])).toEqual([
      { event: 'progress', data: '{"rows_done":1}', id: '7' },
      { event: 'state', data: 'a\nb', id: '7' },
    ])
  })

  it('may be cut anywhere on its way', () => {
    const whole = parseAll([STREAM])
    for (let size = 1; size < 12; size += 1) {
      const pieces = STREAM.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? []
      expect(parseAll(pieces)).toEqual(whole)
    }
  })

  it('may end its lines with \\r\\n, cut between the two', () => {
    expect(parseAll(['data: x\r', '\n\r', '\n'])).toEqual([
      { event: 'message', data: 'x', id: null },
    ])
  })

  it('gives nothing for comments that keep the connection open', () => {
    expect(parseAll([': ping\n\n', ': ping\n\n'])).toEqual([])
  })

  it('does not give an event that is not complete', () => {
    expect(parseAll(['event: state\ndata: half'])).toEqual([])
  })
})
