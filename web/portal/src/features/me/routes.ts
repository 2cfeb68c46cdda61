import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/me',
    name: 'me',
    component: () => import('./MePage.vue'),
    meta: { title: 'me.title', tab: true },
  },
] satisfies RouteRecordRaw[]
