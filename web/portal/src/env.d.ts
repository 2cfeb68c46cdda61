/// <reference types="vite/client" />
import 'vue-router'

declare module 'vue-router' {
  interface RouteMeta {
    /** Message key of the page's title. */
    title: string
    /** Shown to visitors too. */
    public?: boolean
    /** One of the five pages of the bar below. */
    tab?: boolean
    /** Of use only to an account that belongs to a volunteer. */
    volunteer?: boolean
  }
}
