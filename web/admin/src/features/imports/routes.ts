import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/imports',
    name: 'imports',
    component: () => import('./ImportListPage.vue'),
    meta: { title: 'imports.title', needs: 'volunteer:import' },
  },
  {
    path: '/imports/new',
    name: 'import-new',
    component: () => import('./ImportNewPage.vue'),
    meta: { title: 'imports.new', needs: 'volunteer:import' },
  },
  {
    path: '/imports/:id(\\d+)',
    name: 'import',
    component: () => import('./ImportPage.vue'),
    props: (route) => ({ id: Number(route.params.id) }),
    meta: { title: 'imports.one', needs: 'volunteer:import' },
  },
] satisfies RouteRecordRaw[]
