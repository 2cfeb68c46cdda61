import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/schedules',
    name: 'schedules',
    component: () => import('./SchedulesPage.vue'),
    meta: { title: 'schedules.title', needs: 'job:read' },
  },
] satisfies RouteRecordRaw[]
