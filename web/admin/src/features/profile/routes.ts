import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/profile',
    name: 'profile',
    component: () => import('./ProfilePage.vue'),
    meta: { title: 'profile.title' },
  },
] satisfies RouteRecordRaw[]
