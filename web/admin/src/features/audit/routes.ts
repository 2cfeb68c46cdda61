import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/audit',
    name: 'audit',
    component: () => import('./AuditListPage.vue'),
    meta: { title: 'audit.title', needs: 'audit:read' },
  },
] satisfies RouteRecordRaw[]
