import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/scan',
    name: 'scan',
    component: () => import('./ScanPage.vue'),
    meta: { title: 'scan.title', tab: true, volunteer: true },
  },
] satisfies RouteRecordRaw[]
