/// <reference types="vite/client" />
import 'vue-router'

declare module 'vue-router' {
  interface RouteMeta {
    /** Message key of the page's title. */
    title: string
    /** The permission without which the page is not offered; an array means any of them. */
    needs?: string | string[]
    /** Shown without the layout, and without a login. */
    public?: boolean
  }
}
