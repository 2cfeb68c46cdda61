import { describe, expect, it } from 'vitest'
import { runEach } from './bulk'

describe('a decision for many', () => {
  it('goes on after a refusal and tells which were refused', async () => {
    const progress: number[] = []
    const outcome = await runEach(
      [1, 2, 3],
      async (id) => {
        if (id === 2) {
          throw new Error('overlap')
        }
      },
      (finished) => progress.push(finished),
    )
    expect(outcome.done).toEqual([1, 3])
    expect(outcome.refused.map(({ item }) => item)).toEqual([2])
    expect((outcome.refused[0]?.error as Error).message).toBe('overlap')
    expect(progress).toEqual([1, 2, 3])
  })

  it('does one at a time', async () => {
    let running = 0
    await runEach([1, 2], async () => {
      running += 1
      expect(running).toBe(1)
      await Promise.resolve()
      running -= 1
    })
  })
})
