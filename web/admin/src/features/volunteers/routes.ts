import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/volunteers',
    name: 'volunteers',
    component: () => import('./VolunteerListPage.vue'),
    meta: { title: 'volunteers.title', needs: 'volunteer:read' },
  },
  {
    path: '/volunteers/new',
    name: 'volunteer-new',
    component: () => import('./VolunteerNewPage.vue'),
    meta: { title: 'volunteers.new', needs: 'volunteer:create' },
  },
  {
    path: '/volunteers/:id(\\d+)',
    name: 'volunteer',
    component: () => import('./VolunteerPage.vue'),
    props: (route) => ({ id: Number(route.params.id) }),
    meta: { title: 'volunteers.one', needs: 'volunteer:read' },
  },
] satisfies RouteRecordRaw[]
