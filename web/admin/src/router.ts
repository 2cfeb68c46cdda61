import { nextTick, watch } from 'vue'
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { useAccountStore } from '@shared/session/account_store'
import { useSystemStore } from '@shared/session/system_store'
import { i18n, t } from '@shared/i18n'
import { navigation } from './layout/navigation'

const features = import.meta.glob<RouteRecordRaw[]>('./features/*/routes.ts', {
  eager: true,
  import: 'default',
})

export const router = createRouter({
  history: createWebHistory('/admin/'),
  routes: [
    // Never shown: the guard sends people on to the first page that they may see.
    { path: '/', name: 'home', component: { render: () => null }, meta: { title: 'app.console' } },
    ...Object.values(features).flat(),
    {
      path: '/:path(.*)*',
      name: 'not-found',
      component: () => import('./layout/NotFound.vue'),
      meta: { title: 'app.notFoundTitle' },
    },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
})

function firstAllowedPage(): { name: string } {
  const account = useAccountStore()
  const page = navigation.flatMap((group) => group.items).find((item) => account.can(item.needs))
  return { name: page?.route ?? 'profile' }
}

router.beforeEach(async (to) => {
  const account = useAccountStore()
  const loggedIn = await account.resume().catch(() => false)
  if (to.meta.public) {
    return loggedIn && !account.passwordExpired && to.name === 'login' ? { name: 'home' } : true
  }
  if (!loggedIn) {
    return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  }
  if (account.passwordExpired) {
    return { name: 'new-password', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  }
  return to.name === 'home' ? firstAllowedPage() : true
})

function showTitle(): void {
  const { title } = router.currentRoute.value.meta
  const name = useSystemStore().organisationName
  document.title = title === undefined ? name : `${t(title)} · ${name}`
}

router.afterEach((to, from) => {
  showTitle()
  if (to.path !== from.path) {
    // Keyboard and screen reader users begin at the new page, not where the old link was.
    void nextTick(() => document.getElementById('main')?.focus({ preventScroll: true }))
  }
})

// A release replaces the chunks that an open page still names.
router.onError((error, to) => {
  if (/dynamically imported module|Importing a module script failed/.test(String(error))) {
    window.location.assign(router.resolve(to).href)
  }
})

watch(i18n.global.locale, showTitle)
