import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/dashboard',
    name: 'dashboard',
    component: () => import('./DashboardPage.vue'),
    meta: { title: 'dashboard.title', needs: 'statistics:read' },
  },
] satisfies RouteRecordRaw[]
