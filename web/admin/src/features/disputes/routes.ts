import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/disputes',
    name: 'disputes',
    component: () => import('./DisputeListPage.vue'),
    meta: { title: 'disputes.title', needs: 'ledger:read' },
  },
] satisfies RouteRecordRaw[]
