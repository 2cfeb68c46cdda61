// The life of an activity in Chromium against the real server: from a draft to the settled hours.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  Api,
  assertQuiet,
  button,
  choose,
  confirm,
  launchBrowser,
  local,
  newPage,
  Server,
  setTime,
  shoot,
  signIn,
} from './harness.mjs'

const PASSWORD = 'Lake-Side-2026-x'
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

let server
let browser
let api
let unit
let policy
let page

before(async () => {
  server = await Server.start()
  browser = await launchBrowser()
  api = await Api.login(server)
  unit = (await api.call('POST', '/admin/units', { parent_id: 1, name: '江岸分队' })).id
  policy = (await api.call('GET', '/public/system/info')).privacy_policy_version
  page = await newPage(browser, server, { width: 1440, height: 900 })
  await signIn(page)
  await page.waitForURL((url) => !url.pathname.endsWith('/login'))
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Runs `body`, with a picture when it fails, and fails when the page complained about anything but
 *  refusals of these statuses. */
async function quietly(body, ...statuses) {
  try {
    await body()
    assertQuiet(page, ...statuses)
  } catch (error) {
    await shoot(page, `failed-${Date.now()}`).catch(() => undefined)
    throw error
  }
}

/** Our own token does not live as long as the clock is moved. */
async function moveClock(ms) {
  await server.moveClock(ms)
  api = await Api.login(server)
}

async function volunteer(name, username) {
  const made = await api.call('POST', '/admin/volunteers', {
    name,
    birth_date: '1990-03-07',
    unit_id: unit,
    consent: { policy_version: policy },
  })
  await api.call('POST', '/admin/accounts', {
    username,
    password: PASSWORD,
    must_change_password: false,
    volunteer_id: made.id,
  })
  return Api.login(server, { username, password: PASSWORD })
}

function test(id) {
  return page.locator(`[data-test=${id}]`)
}

function activityId() {
  return Number(/\/activities\/(\d+)/.exec(page.url())[1])
}

describe('an activity', () => {
  const starts = Date.now() + 20 * MINUTE
  const [first, last] = [local(starts), local(starts + DAY)]
  let id
  let shift

  it('is drafted, and says what is missing', () =>
    quietly(async () => {
      await page.goto('/admin/activities')
      await test('new-activity').first().click()
      await test('save').click()
      await page.getByText('请填写此项').first().waitFor()
      await page.locator('input[name=name]').fill('江滩清洁')
      await choose(page, test('unit'), '江岸分队')
      await choose(page, test('category'), '环境保护')
      await page.getByText('人工审核').click()
      await test('save').click()
      await page.waitForURL(/\/activities\/\d+\?tab=shifts/)
      id = activityId()
      const missing = test('readiness')
      for (const text of ['请填写活动内容', '请填写活动地点', '请至少安排一个班次']) {
        await missing.getByText(text).waitFor()
      }
      assert.equal(await test('act-publish').count(), 1)
      await test('edit').click()
      await page.locator('textarea[name=description]').fill('沿江滩捡拾垃圾')
      await page.locator('input[name=place_name]').fill('江滩一号门')
      await page.locator('input[name=person_in_charge]').fill('韩梅梅')
      await page.locator('input[name=contact_name]').fill('李雷')
      await page.locator('input[name=contact_phone]').fill('027-12345678')
      await page.locator('textarea[name=risk_notice]').fill('注意防滑')
      await test('save').click()
      await page.waitForURL(new RegExp(`/activities/${id}$`))
      await shoot(page, 'activity-draft')
    }))

  it('gets a position, and shifts from a pattern that was previewed', () =>
    quietly(async () => {
      await page.goto(`/admin/activities/${id}?tab=shifts`)
      await test('add-position').click()
      await page.locator('input[name=position_name]').fill('清洁员')
      await test('save-position').click()
      await page.locator('.positions').getByText('清洁员').waitFor()

      await test('plan-shifts').click()
      const drawer = page.locator('.el-drawer:visible')
      const range = drawer.locator('.el-range-input')
      await range.nth(0).fill(first.day)
      await range.nth(1).fill(last.day)
      await range.nth(1).press('Enter')
      for (const day of ['周一', '周二', '周三', '周四', '周五']) {
        await drawer.getByText(day, { exact: true }).click()
      }
      const times = drawer.locator('[data-test=span] input')
      await setTime(page, times.nth(0), first.time)
      await setTime(page, times.nth(1), local(starts + HOUR).time)
      await test('look').click()
      await test('preview').locator('li').nth(1).waitFor()
      assert.equal(await test('preview').locator('li').count(), 2)
      await test('preview').locator('li').first().getByText(`${first.time}–`).waitFor()
      await test('preview').scrollIntoViewIfNeeded()
      await shoot(page, 'activity-plan')
      await test('make').click()
      await test('shifts').locator('tbody tr').nth(1).waitFor()
      const shifts = (await api.call('GET', `/admin/activities/${id}/shifts`)).items
      assert.equal(shifts.length, 2)
      assert.equal(Date.parse(shifts[0].starts_at), Math.floor(starts / MINUTE) * MINUTE)
      shift = shifts[0]
      await shoot(page, 'activity-shifts')
    }))

  it('is published, and seen in the calendar', () =>
    quietly(async () => {
      await test('act-publish').click()
      await confirm(page, '发布')
      await page.getByText('招募中').first().waitFor()
      await page.goto(`/admin/activities/calendar?month=${first.day.slice(0, 7)}`)
      await page.locator(`[data-day="${first.day}"]`).getByText('江滩清洁').waitFor()
      await shoot(page, 'activity-calendar')
    }))

  it('has its sign-ups decided, one by one and many at once', () =>
    quietly(async () => {
      const { position_id: position } = shift.places[0]
      const { risk_notice_version: risk } = await api.call('GET', `/admin/activities/${id}`)
      for (const [name, username] of [
        ['钱到岗', 'qian.daogang'],
        ['孙未到', 'sun.weidao'],
        ['李被拒', 'li.beiju'],
      ]) {
        const own = await volunteer(name, username)
        await own.call('POST', '/me/signups', {
          shift_id: shift.id,
          position_id: position,
          accept_risk_notice_version: risk,
        })
      }
      await page.goto(`/admin/activities/${id}?tab=signups&shift=${shift.id}`)
      const column = (key) => page.locator(`[data-column=${key}]`)
      const card = (key, name) => column(key).locator('.signup', { hasText: name })
      await button(card('pending', '钱到岗'), '通过').click()
      await card('approved', '钱到岗').waitFor()

      await button(card('pending', '李被拒'), '拒绝').click()
      await page.locator('.el-message-box textarea').fill('人数已够')
      await confirm(page, '拒绝')
      await card('closed', '李被拒').getByText('人数已够').waitFor()

      await test('select-all').click()
      await test('bulk-approve').click()
      await card('approved', '孙未到').waitFor()
      await shoot(page, 'activity-signups')
    }))

  it('shows a code that changes, and checks people in at the front desk', () =>
    quietly(async () => {
      await page.goto(`/admin/shifts/${shift.id}/code`)
      const qr = test('qr')
      await qr.waitFor()
      const shown = await qr.getAttribute('data-text')
      assert.match(shown, new RegExp(`^VR\\.${shift.id}\\.in\\.\\d{6}$`))
      await page.getByText('已到 0 人，共 2 人').waitFor()
      await shoot(page, 'presence-code')
      await page.waitForFunction(
        (before) => {
          const now = document.querySelector('[data-test=qr]')?.getAttribute('data-text')
          return now && now !== before
        },
        shown,
        { timeout: 40_000 },
      )

      await page.goto(`/admin/shifts/${shift.id}/presence`)
      await page.getByText('实时').waitFor()
      await page.locator('input[name=desk]').fill('钱到岗')
      await page.locator('input[name=desk]').press('Enter')
      await test('last-tap').getByText('钱到岗 已签到').waitFor()
      // The counters come with the server's event.
      await test('counters').locator('.present .value', { hasText: '1' }).waitFor()
      await shoot(page, 'presence')

      // The shift is over by then. What another screen does is seen at once.
      await moveClock(80 * MINUTE)
      const row = (name) => test('people').locator('tr', { hasText: name })
      const { volunteer_id: absentee } = (
        await api.call('GET', `/admin/shifts/${shift.id}/presence?q=孙未到`)
      ).items[0]
      await api.call('POST', `/admin/shifts/${shift.id}/absences`, { volunteer_id: absentee })
      await row('孙未到').locator('.state', { hasText: '缺勤' }).waitFor()
      await button(row('钱到岗'), '签退').click()
      await row('钱到岗').locator('.state', { hasText: '已离岗' }).waitFor()
      await row('钱到岗').locator('.grade', { hasText: 'B' }).waitFor()
      // The page's token was too old after the clock had moved, and was renewed.
    }, 401))

  it('is settled when it has ended', () =>
    quietly(async () => {
      await moveClock(3 * DAY)
      await page.goto(`/admin/activities/${id}`)
      await test('settlement').getByText('尚未结算').waitFor()
      await test('act-settle').click()
      await confirm(page, '结算时长')
      await page.getByText('已结算').first().waitFor()
      await shoot(page, 'activity-settled')
      assert.equal((await api.call('GET', `/admin/activities/${id}`)).state, 'settled')
      const records = (await api.call('GET', `/admin/service-records?activity_id=${id}`)).items
      assert.equal(records.length, 1)
      assert.equal(records[0].minutes, 60)
      // The page's token was too old after the clock had moved, and was renewed.
    }, 401))

  it('is copied onto other days', () =>
    quietly(async () => {
      await test('copy-activity').click()
      await test('copy').click()
      await page.waitForURL((url) => /\/activities\/\d+$/.test(url.pathname) && activityId() !== id)
      const copy = await api.call('GET', `/admin/activities/${activityId()}`)
      assert.equal(copy.state, 'draft')
      assert.equal(copy.copied_from, id)
    }))
})

describe('on a phone', () => {
  it('no page of an activity is wider than the screen', () =>
    quietly(async () => {
      const { items } = await api.call('GET', '/admin/activities')
      const shift = (await api.call('GET', `/admin/activities/${items[0].id}/shifts`)).items[0]
      await page.setViewportSize({ width: 390, height: 844 })
      for (const path of [
        'activities',
        'activities/calendar',
        'activities/new',
        `activities/${items[0].id}`,
        `activities/${items[0].id}?tab=shifts`,
        `shifts/${shift.id}/presence`,
        `shifts/${shift.id}/code`,
        'attendances',
        'projects',
      ]) {
        await page.goto(`/admin/${path}`)
        await page.locator('h1').first().waitFor()
        const over = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        )
        assert.ok(over <= 0, `${path} is ${over} px too wide`)
      }
    }))
})
