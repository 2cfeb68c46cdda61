import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/',
    name: 'activities',
    component: () => import('./ActivityListPage.vue'),
    meta: { title: 'activities.title', public: true, tab: true },
  },
  {
    path: '/activities/:id(\\d+)',
    name: 'activity',
    component: () => import('./ActivityPage.vue'),
    meta: { title: 'activities.one', public: true },
  },
] satisfies RouteRecordRaw[]
