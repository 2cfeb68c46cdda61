import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/units',
    name: 'units',
    component: () => import('./UnitTreePage.vue'),
    meta: { title: 'units.title', needs: 'unit:read' },
  },
] satisfies RouteRecordRaw[]
