// The same decision for many, one after the other: each is checked by itself, and one that is
// refused does not stop the others.
export interface Refusal<T> {
  item: T
  error: unknown
}

export interface BulkOutcome<T> {
  done: T[]
  refused: Refusal<T>[]
}

export async function runEach<T>(
  items: readonly T[],
  action: (item: T) => Promise<unknown>,
  onProgress: (finished: number) => void = () => undefined,
): Promise<BulkOutcome<T>> {
  const outcome: BulkOutcome<T> = { done: [], refused: [] }
  for (const item of items) {
    try {
      await action(item)
      outcome.done.push(item)
    } catch (error) {
      outcome.refused.push({ item, error })
    }
    onProgress(outcome.done.length + outcome.refused.length)
  }
  return outcome
}
