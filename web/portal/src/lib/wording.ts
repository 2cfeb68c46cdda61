/** A text by its key, so that the choice of words can be tested without them. */
export interface Wording {
  key: string
  values: Record<string, number | string>
}
