import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/working-calendar',
    name: 'working-calendar',
    component: () => import('./CalendarPage.vue'),
    meta: { title: 'calendar.title', needs: 'ledger:read' },
  },
] satisfies RouteRecordRaw[]
