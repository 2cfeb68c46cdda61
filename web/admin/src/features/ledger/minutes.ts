// Service time is kept in minutes, and people think in hours and minutes.
export interface Span {
  hours: number
  minutes: number
}

export function spanOf(total: number): Span {
  return { hours: Math.floor(total / 60), minutes: total % 60 }
}

export function minutesOf(span: Span): number {
  return span.hours * 60 + span.minutes
}
