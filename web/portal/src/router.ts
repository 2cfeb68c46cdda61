import { watch } from 'vue'
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { i18n, t } from '@shared/i18n'
import { useAccountStore } from '@shared/session/account_store'
import { useSystemStore } from '@shared/session/system_store'

const features = import.meta.glob<RouteRecordRaw[]>('./features/*/routes.ts', {
  eager: true,
  import: 'default',
})

export const router = createRouter({
  history: createWebHistory('/'),
  routes: [
    ...Object.values(features).flat(),
    {
      path: '/:path(.*)*',
      name: 'not-found',
      component: () => import('./layout/NotFound.vue'),
      meta: { title: 'app.notFound', public: true },
    },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
})

router.beforeEach(async (to) => {
  const account = useAccountStore()
  // Without a connection the public pages still open, as a visitor sees them.
  const loggedIn = await account.resume().catch(() => false)
  if (loggedIn && account.passwordExpired && to.name !== 'new-password') {
    return { name: 'new-password', query: { next: to.fullPath } }
  }
  if (to.meta.public) {
    return loggedIn && to.name === 'login' && !account.passwordExpired
      ? { name: 'activities' }
      : true
  }
  return loggedIn ? true : { name: 'login', query: { next: to.fullPath } }
})

function showTitle(): void {
  const { title } = router.currentRoute.value.meta
  const name = useSystemStore().organisationName
  document.title = title === undefined ? name : `${t(title)} · ${name}`
}

router.afterEach(showTitle)

// A release replaces the chunks that an open page still names.
router.onError((error, to) => {
  if (/dynamically imported module|Importing a module script failed/.test(String(error))) {
    window.location.assign(router.resolve(to).href)
  }
})

watch(i18n.global.locale, showTitle)
