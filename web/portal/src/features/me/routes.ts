import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/me',
    name: 'me',
    component: () => import('./MePage.vue'),
    meta: { title: 'me.title', tab: true },
  },
  {
    path: '/me/data',
    name: 'my-data',
    component: () => import('./MyDataPage.vue'),
    meta: { title: 'me.data.title' },
  },
  {
    path: '/me/privacy',
    name: 'my-privacy',
    component: () => import('./PrivacyPage.vue'),
    meta: { title: 'me.privacy.title' },
  },
  {
    path: '/me/memberships',
    name: 'my-memberships',
    component: () => import('./MembershipsPage.vue'),
    meta: { title: 'me.memberships.title' },
  },
  {
    path: '/me/sessions',
    name: 'my-sessions',
    component: () => import('./SessionsPage.vue'),
    meta: { title: 'me.sessions.title' },
  },
] satisfies RouteRecordRaw[]
