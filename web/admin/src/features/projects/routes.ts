import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/projects',
    name: 'projects',
    component: () => import('./ProjectListPage.vue'),
    meta: { title: 'projects.title', needs: 'activity:read' },
  },
] satisfies RouteRecordRaw[]
