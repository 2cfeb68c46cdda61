import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/memberships',
    name: 'memberships',
    component: () => import('./MembershipListPage.vue'),
    meta: { title: 'memberships.title', needs: 'membership:read' },
  },
] satisfies RouteRecordRaw[]
