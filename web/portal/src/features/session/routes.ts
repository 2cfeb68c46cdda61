import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/login',
    name: 'login',
    component: () => import('./LoginPage.vue'),
    meta: { title: 'session.signIn', public: true },
  },
  {
    path: '/new-password',
    name: 'new-password',
    component: () => import('./NewPasswordPage.vue'),
    meta: { title: 'session.newPassword' },
  },
] satisfies RouteRecordRaw[]
