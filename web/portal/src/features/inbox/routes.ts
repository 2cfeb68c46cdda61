import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/inbox',
    name: 'inbox',
    component: () => import('./InboxPage.vue'),
    meta: { title: 'inbox.title' },
  },
  {
    path: '/inbox/preferences',
    name: 'notice-preferences',
    component: () => import('./PreferencesPage.vue'),
    meta: { title: 'inbox.preferences' },
  },
] satisfies RouteRecordRaw[]
