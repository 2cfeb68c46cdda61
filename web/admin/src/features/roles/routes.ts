import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/roles',
    name: 'roles',
    component: () => import('./RolePage.vue'),
    meta: { title: 'roles.title', needs: 'role:read' },
  },
] satisfies RouteRecordRaw[]
