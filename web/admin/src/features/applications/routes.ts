import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/applications',
    name: 'applications',
    component: () => import('./ApplicationListPage.vue'),
    meta: { title: 'applications.title', needs: 'volunteer:read' },
  },
] satisfies RouteRecordRaw[]
