import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/accounts',
    name: 'accounts',
    component: () => import('./AccountListPage.vue'),
    meta: { title: 'accounts.title', needs: 'account:read' },
  },
  {
    path: '/accounts/:id(\\d+)',
    name: 'account',
    component: () => import('./AccountPage.vue'),
    props: (route) => ({ id: Number(route.params.id) }),
    meta: { title: 'accounts.one', needs: 'account:read' },
  },
] satisfies RouteRecordRaw[]
