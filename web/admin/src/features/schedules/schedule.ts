// Names and intervals of periodic duties.

/** The duty's name as a key of the messages, which have neither dots nor hyphens. */
export function keyOf(name: string): string {
  return name.replaceAll(/[.-]/g, '_')
}

export interface Interval {
  unit: 'second' | 'minute' | 'hour' | 'day'
  number: number
}

/** An interval in the greatest unit that leaves no rest. */
export function splitInterval(seconds: number): Interval {
  const units = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ] as const
  for (const [unit, length] of units) {
    if (seconds >= length && seconds % length === 0) {
      return { unit, number: seconds / length }
    }
  }
  return { unit: 'second', number: seconds }
}
