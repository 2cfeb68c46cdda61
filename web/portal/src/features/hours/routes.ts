import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/hours',
    name: 'hours',
    component: () => import('./HoursPage.vue'),
    meta: { title: 'hours.title', tab: true, volunteer: true },
  },
  {
    path: '/hours/:id(\\d+)',
    name: 'record',
    component: () => import('./RecordPage.vue'),
    meta: { title: 'hours.record', volunteer: true },
  },
] satisfies RouteRecordRaw[]
