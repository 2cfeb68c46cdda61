// Starts the real server and a browser, and notices everything that a page complains about.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)))
const require = createRequire(join(ROOT, 'web/package.json'))
const { chromium } = require('playwright-core')

const SCREENSHOTS = join(ROOT, 'build/screenshots')
const START_MS = 60_000
const STOP_MS = 30_000
// The sanitized server on a small machine is slow.
export const WAIT_MS = 20_000

export const ADMIN = { username: 'root.admin', password: 'correct horse battery 9' }

function serverProgram() {
  const known = [
    process.env.VOMS_SERVER,
    ...['build/test', 'build/run', 'build'].map((folder) => join(ROOT, folder, 'src/bin/server')),
  ].filter((path) => path && existsSync(path))
  assert.ok(known.length > 0, 'no server was built')
  return process.env.VOMS_SERVER ?? known.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0]
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => done(port))
    })
  })
}

/** One server with its own, empty data. VOMS_BROWSER_URL names one that runs already. */
export class Server {
  static async start() {
    const server = new Server()
    if (process.env.VOMS_BROWSER_URL) {
      server.base = process.env.VOMS_BROWSER_URL
      return server
    }
    server.folder = mkdtempSync(join(tmpdir(), 'voms-browser-'))
    const port = await freePort()
    server.base = `http://127.0.0.1:${port}`
    const config = join(server.folder, 'config.json')
    writeFileSync(
      config,
      JSON.stringify({
        server: { host: '127.0.0.1', port },
        database: { driver: 'sqlite', path: join(server.folder, 'voms.db') },
        jwt: { secret: '0123456789abcdef0123456789abcdef-browser' },
        encryption: { key: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' },
        super_admin: ADMIN,
        web: { root: join(ROOT, 'build/web') },
      }),
      { mode: 0o600 },
    )
    server.log = ''
    server.process = spawn(serverProgram(), ['--data', server.folder, '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, VOMS_TEST_CLOCK: join(server.folder, 'clock') },
    })
    for (const stream of [server.process.stdout, server.process.stderr]) {
      stream.on('data', (text) => (server.log += text))
    }
    await server.#healthy()
    return server
  }

  async #healthy() {
    const deadline = Date.now() + START_MS
    while (Date.now() < deadline) {
      assert.equal(this.process.exitCode, null, `the server ended:\n${this.log}`)
      const answer = await fetch(`${this.base}/api/v1/public/system/health`).catch(() => null)
      if (answer?.ok) {
        return
      }
      await pause(100)
    }
    assert.fail(`the server did not get healthy:\n${this.log}`)
  }

  /** Sets its clock so far ahead of ours; all of its schedules run. */
  async moveClock(ms) {
    const told = `offset_ms=${ms}`
    writeFileSync(join(this.folder, 'clock'), String(ms))
    this.process.kill('SIGUSR2')
    const deadline = Date.now() + WAIT_MS
    while (!this.log.includes(told)) {
      assert.ok(Date.now() < deadline, 'the clock was not moved')
      await pause(50)
    }
  }

  /** Stops it as an operator would; it must end by itself and cleanly. */
  async stop() {
    if (!this.process) {
      return
    }
    const ended = new Promise((done) => this.process.once('exit', done))
    if (this.process.exitCode === null) {
      this.process.kill('SIGTERM')
      const timer = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(timer)
    }
    const { exitCode } = this.process
    rmSync(this.folder, { recursive: true, force: true })
    assert.equal(exitCode, 0, `the server ended with ${exitCode}:\n${this.log.slice(-4000)}`)
  }
}

/** The API as the super administrator, to prepare what a test looks at. */
export class Api {
  static async login(server, { username, password } = ADMIN) {
    const api = new Api()
    api.base = `${server.base}/api/v1`
    api.token = (await api.call('POST', '/auth/login', { login: username, password })).access_token
    assert.ok(api.token, 'no token')
    return api
  }

  async call(method, path, body, headers = {}) {
    const answer = await fetch(this.base + path, {
      method,
      headers: {
        'Content-Type': 'application/json',
        ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await answer.text()
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }
}

export async function launchBrowser(...args) {
  return chromium.launch({
    executablePath: process.env.VOMS_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  })
}

/** A page in a fresh profile. `complaints` is what its console, its scripts and its CSP said. */
export async function newPage(browser, server, { width = 1280, height = 800, ...more } = {}) {
  const context = await browser.newContext({
    baseURL: server.base,
    locale: 'zh-CN',
    viewport: { width, height },
    acceptDownloads: true,
    ...more,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(WAIT_MS)
  page.complaints = []
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy|\[Vue warn\]/.test(message.text())) {
      page.complaints.push(message.text())
    }
  })
  page.on('pageerror', (error) => page.complaints.push(String(error.stack ?? error)))
  return page
}

/** Fails on any complaint but those of refusals that the test provoked, named by their status. */
export function assertQuiet(page, ...statuses) {
  const expected = statuses.map((status) => `responded with a status of ${status}`)
  const loud = page.complaints.filter((text) => !expected.some((part) => text.includes(part)))
  assert.deepEqual(loud, [])
  page.complaints.length = 0
}

export async function shoot(page, name) {
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) })
}

export async function signIn(page, { username, password } = ADMIN) {
  await page.goto('/admin/login')
  await page.locator('input[name=login]').fill(username)
  await page.locator('input[name=password]').fill(password)
  await page.locator('button[type=submit]').click()
}

/** Runs `body` with a page of its own, and fails when the page complained about anything else. */
export async function withPage(browser, server, options, body) {
  const page = await newPage(browser, server, options)
  try {
    await body(page)
    assertQuiet(page)
  } catch (error) {
    await shoot(page, `failed-${Date.now()}`).catch(() => undefined)
    throw error
  } finally {
    await page.context().close()
  }
}

/** The same for somebody who is logged in to the console. */
export function asStaff(browser, server, login, body) {
  return withPage(browser, server, {}, async (page) => {
    await signIn(page, login)
    await page.waitForURL((url) => !url.pathname.endsWith('/login'))
    await body(page)
  })
}

export async function heading(page, text) {
  await page.getByRole('heading', { level: 1, name: text }).waitFor()
}

/** Chooses an option of an Element Plus select (or tree select) by its text. */
export async function choose(page, select, text) {
  await select.click()
  await page
    .locator('.el-select__popper :is(.el-select-dropdown__item, .el-tree-node__content):visible')
    .filter({ hasText: text })
    .first()
    .click()
}

export function button(scope, name) {
  return scope.getByRole('button', { name, exact: true })
}

/** Answers the question that a page of the console asks, with a reason where it wants one. */
export async function confirm(page, name, reason) {
  const box = page.locator('.el-message-box')
  if (reason !== undefined) {
    await box.locator('textarea').fill(reason)
  }
  await button(box, name).click()
  await box.waitFor({ state: 'hidden' })
}

/** Types a time of day into a picker. What is typed before its panel is there would be forgotten. */
export async function setTime(page, input, time) {
  const panels = page.locator('.el-time-panel:visible')
  await input.click()
  await panels.first().waitFor()
  await input.fill(time)
  await input.press('Enter')
  await panels.first().waitFor({ state: 'hidden' })
}

/** The day and the time of day in the organisation's zone. */
export function local(at) {
  const text = new Date(at).toLocaleString('sv-SE', { timeZone: 'Asia/Shanghai' })
  return { day: text.slice(0, 10), time: text.slice(11, 16) }
}

/** Waits until what `condition` asks the API for has come about. */
export async function waitFor(condition) {
  const deadline = Date.now() + WAIT_MS
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, 'it did not come about')
    await pause(200)
  }
}

/** A time-based code (RFC 6238: SHA-1, 30 s, 6 digits). */
export function totp(secret, at = Date.now()) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const hash = createHmac('sha1', key).update(counter).digest()
  const offset = hash[19] & 15
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** Waits for the next period: a code is accepted once. */
export async function nextTotpPeriod() {
  await pause(30_000 - (Date.now() % 30_000) + 500)
}

/** A resident ID number with a right check character (GB 11643). */
export function residentId(sequence, birth = '19900307') {
  const body = `110105${birth}${String(sequence).padStart(3, '0')}`
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce((total, weight, i) => total + weight * Number(body[i]), 0)
  return body + '10X98765432'[sum % 11]
}

export function readText(path) {
  return readFileSync(path, 'utf8')
}
