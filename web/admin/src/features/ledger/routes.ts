import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/ledger',
    name: 'ledger',
    component: () => import('./ReviewPage.vue'),
    meta: { title: 'ledger.title', needs: 'ledger:read' },
  },
  {
    path: '/ledger/entries',
    name: 'ledger-entries',
    component: () => import('./EntryListPage.vue'),
    meta: { title: 'ledger.tabs.entries', needs: 'ledger:read' },
  },
  {
    path: '/ledger/totals',
    name: 'ledger-totals',
    component: () => import('./TotalsPage.vue'),
    meta: { title: 'ledger.tabs.totals', needs: 'ledger:read' },
  },
] satisfies RouteRecordRaw[]
