import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/attendances',
    name: 'attendances',
    component: () => import('./AttendanceListPage.vue'),
    meta: { title: 'presence.title', needs: 'attendance:read' },
  },
  {
    path: '/shifts/:id(\\d+)/presence',
    name: 'presence',
    component: () => import('./PresencePage.vue'),
    props: (route) => ({ id: Number(route.params.id) }),
    meta: { title: 'presence.screen', needs: 'attendance:record' },
  },
  {
    path: '/shifts/:id(\\d+)/code',
    name: 'shift-code',
    component: () => import('./CodePage.vue'),
    props: (route) => ({ id: Number(route.params.id) }),
    meta: { title: 'presence.codeScreen', needs: 'attendance:record' },
  },
] satisfies RouteRecordRaw[]
