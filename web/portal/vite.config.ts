import { fileURLToPath, URL } from 'node:url'
import { VantResolver } from '@vant/auto-import-resolver'
import vue from '@vitejs/plugin-vue'
import Components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vitest/config'
import { precompress } from '../tools/precompress.ts'
import { vantIcons } from '../tools/vant_icons.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  base: '/',
  plugins: [
    vantIcons(at('./node_modules/.cache')),
    vue(),
    // Vant's components are used by name in templates; each page loads only those it uses.
    Components({ dirs: [], dts: false, resolvers: [VantResolver()] }),
    precompress(),
  ],
  resolve: { alias: { '@shared': at('../shared/src'), '@': at('./src') } },
  define: {
    __VUE_OPTIONS_API__: 'true',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    target: 'es2022',
    // Data URLs in scripts and fonts would need a wider content security policy.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': process.env.VOMS_SERVER ?? 'http://127.0.0.1:8181' } },
  test: { name: 'portal', environment: 'node', include: ['src/**/*.test.ts'] },
})
