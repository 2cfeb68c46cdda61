import 'element-plus/es/components/message-box/style/css'
import './styles/theme.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { onSessionEnd } from './api/session'
import App from './App.vue'
import { useAccountStore } from './features/session/account_store'
import { useSystemStore } from './features/session/system_store'
import { chosenLanguage, i18n, showLanguage } from './i18n'
import { router } from './router'

async function start(): Promise<void> {
  const app = createApp(App)
  app.use(createPinia())
  app.use(i18n)
  showLanguage(chosenLanguage() ?? 'zh-CN')

  const system = useSystemStore()
  await system.load().catch(() => undefined)
  if (chosenLanguage() === null) {
    showLanguage(system.info?.default_language)
  }

  onSessionEnd(() => {
    useAccountStore().forget()
    void router.push({ name: 'login', query: { next: router.currentRoute.value.fullPath } })
  })
  app.use(router)
  app.mount('#app')
}

void start()
