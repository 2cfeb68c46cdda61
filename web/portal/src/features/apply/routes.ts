import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/apply',
    name: 'apply',
    component: () => import('./ApplyPage.vue'),
    meta: { title: 'apply.title', public: true },
  },
] satisfies RouteRecordRaw[]
