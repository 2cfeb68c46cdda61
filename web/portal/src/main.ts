import './styles/theme.css'
import 'vant/es/toast/style'
import 'vant/es/dialog/style'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { onSessionEnd } from '@shared/api/session'
import { chosenLanguage, i18n, installMessages, showLanguage } from '@shared/i18n'
import { useAccountStore } from '@shared/session/account_store'
import { useSystemStore } from '@shared/session/system_store'
import App from './App.vue'
import { catalogue } from './i18n/catalogue'
import { router } from './router'

async function start(): Promise<void> {
  const app = createApp(App)
  app.use(createPinia())
  installMessages(catalogue())
  app.use(i18n)
  showLanguage(chosenLanguage() ?? 'zh-CN')

  const system = useSystemStore()
  await system.load().catch(() => undefined)
  if (chosenLanguage() === null) {
    showLanguage(system.info?.default_language)
  }

  onSessionEnd(() => {
    useAccountStore().forget()
    const { meta, fullPath } = router.currentRoute.value
    if (!meta.public) {
      void router.push({ name: 'login', query: { next: fullPath } })
    }
  })
  app.use(router)
  app.mount('#app')
}

void start()
