import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/notices',
    name: 'notices',
    component: () => import('./InboxPage.vue'),
    meta: { title: 'notices.title' },
  },
  {
    path: '/notices/preferences',
    name: 'notice-preferences',
    component: () => import('./PreferencesPage.vue'),
    meta: { title: 'notices.preferences' },
  },
  {
    path: '/notice-templates',
    name: 'notice-templates',
    component: () => import('./TemplateListPage.vue'),
    meta: { title: 'notices.templates', needs: 'notice:manage' },
  },
] satisfies RouteRecordRaw[]
