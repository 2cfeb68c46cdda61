import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/service-records',
    name: 'service-records',
    component: () => import('./ServiceRecordsPage.vue'),
    props: { tab: 'service-records' },
    meta: { title: 'service_records.title', needs: 'ledger:read' },
  },
  {
    path: '/service-records/list',
    name: 'service-record-list',
    component: () => import('./ServiceRecordsPage.vue'),
    props: { tab: 'service-record-list' },
    meta: { title: 'service_records.list', needs: 'ledger:read' },
  },
] satisfies RouteRecordRaw[]
