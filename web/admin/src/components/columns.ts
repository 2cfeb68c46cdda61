// A table's columns. One that is not `fixed` can be hidden by the person.
export interface Column<T> {
  key: string
  /** Message key of the heading. */
  label: string
  width?: number
  minWidth?: number
  align?: 'left' | 'right' | 'center'
  /** The name by which the server sorts. */
  sort?: string
  /** Always shown, and the heading of the card on a phone. */
  main?: boolean
  hiddenAtFirst?: boolean
  text?: (row: T) => string
}
