import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/activities',
    name: 'activities',
    component: () => import('./ActivityListPage.vue'),
    meta: { title: 'activities.title', needs: 'activity:read' },
  },
  {
    path: '/activities/calendar',
    name: 'activity-calendar',
    component: () => import('./ActivityCalendarPage.vue'),
    meta: { title: 'activities.calendar.title', needs: 'activity:read' },
  },
  {
    path: '/activities/new',
    name: 'activity-new',
    component: () => import('./ActivityNewPage.vue'),
    meta: { title: 'activities.new', needs: 'activity:manage' },
  },
  {
    path: '/activities/:id(\\d+)',
    name: 'activity',
    component: () => import('./ActivityPage.vue'),
    props: (route) => ({ id: Number(route.params.id) }),
    meta: { title: 'activities.one' },
  },
  {
    path: '/activities/:id(\\d+)/edit',
    name: 'activity-edit',
    component: () => import('./ActivityEditPage.vue'),
    props: (route) => ({ id: Number(route.params.id) }),
    meta: { title: 'activities.edit' },
  },
] satisfies RouteRecordRaw[]
