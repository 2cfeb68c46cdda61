import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/duplicates',
    name: 'duplicates',
    component: () => import('./DuplicateListPage.vue'),
    meta: { title: 'duplicates.title', needs: 'volunteer:merge' },
  },
] satisfies RouteRecordRaw[]
