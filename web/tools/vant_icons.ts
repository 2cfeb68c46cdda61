// Vant brings its icons as a font inside of its style sheet, with a copy on a foreign host. Our
// content security policy allows neither: this Vite plugin makes a file of the font.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Plugin } from 'vite'

const SOURCE = /src:\s*url\("?data:font\/woff2;[^,]*base64,([A-Za-z0-9+/=]+)"?\)[^;}]*/

export function vantIcons(folder: string): Plugin {
  const file = join(folder, 'vant-icons.woff2')
  return {
    name: 'voms:vant-icons',
    enforce: 'pre',
    transform(code, id) {
      const path = id.split('?')[0] ?? id
      if (!path.endsWith('/vant/es/icon/index.css')) {
        return null
      }
      const font = SOURCE.exec(code)?.[1]
      if (font === undefined) {
        throw new Error(`${path}: no font in it, look how Vant brings its icons now`)
      }
      mkdirSync(folder, { recursive: true })
      writeFileSync(file, Buffer.from(font, 'base64'))
      const url = relative(dirname(path), file)
      return { code: code.replace(SOURCE, `src:url("${url}") format("woff2")`), map: null }
    },
  }
}
