import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/shifts',
    name: 'shifts',
    component: () => import('./MyShiftsPage.vue'),
    meta: { title: 'shifts.title', tab: true, volunteer: true },
  },
  {
    path: '/shifts/:id(\\d+)',
    name: 'signup',
    component: () => import('./SignupPage.vue'),
    meta: { title: 'shifts.one', volunteer: true },
  },
] satisfies RouteRecordRaw[]
