import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/settings',
    name: 'settings',
    component: () => import('./SettingsPage.vue'),
    meta: { title: 'settings.title', needs: ['settings:read', 'custom_field:read'] },
  },
] satisfies RouteRecordRaw[]
