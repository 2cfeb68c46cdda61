import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/jobs',
    name: 'jobs',
    component: () => import('./JobsPage.vue'),
    props: { tab: 'jobs' },
    meta: { title: 'jobs.title', needs: 'job:read' },
  },
  {
    path: '/jobs/dead-letters',
    name: 'dead-letters',
    component: () => import('./JobsPage.vue'),
    props: { tab: 'dead-letters' },
    meta: { title: 'jobs.letters', needs: 'job:read' },
  },
] satisfies RouteRecordRaw[]
