// Hours in the console, in Chromium against the real server: review, disputes, the working calendar,
// the numbers of the first screen, and what people are told.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  ADMIN,
  Api,
  asStaff,
  button,
  launchBrowser,
  Server,
  shoot,
  waitFor,
} from './harness.mjs'

const PASSWORD = 'Lake-Side-2026-x'
const RECORDER = { username: 'li.jilu', password: PASSWORD }
const DECIDER = { username: 'chen.caiding', password: PASSWORD }
const VOLUNTEER = { username: 'zhou.yiyi', password: PASSWORD }
const HOUR_MS = 3_600_000
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

let server
let browser
let api
let recorder
let volunteer
let unit
let policy

before(async () => {
  server = await Server.start()
  browser = await launchBrowser()
  api = await Api.login(server)
  unit = (await api.call('POST', '/admin/units', { parent_id: 1, name: '东湖分队' })).id
  policy = (await api.call('GET', '/public/system/info')).privacy_policy_version
  const roles = (await api.call('GET', '/admin/roles?limit=100')).items
  const role = roles.find(({ code }) => code === 'unit_administrator').id
  for (const login of [RECORDER, DECIDER]) {
    const { id } = await addAccount(login)
    await api.call('POST', `/admin/accounts/${id}/grants`, { role_id: role, unit_id: unit })
  }
  recorder = await Api.login(server, RECORDER)
  volunteer = await addVolunteer('周异议')
  await addAccount(VOLUNTEER, { volunteer_id: volunteer.id })
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

const hoursFromNow = (hours) => new Date(Date.now() + hours * HOUR_MS).toISOString()

function addAccount(login, fields = {}) {
  return api.call('POST', '/admin/accounts', { ...login, must_change_password: false, ...fields })
}

function addVolunteer(name) {
  return api.call('POST', '/admin/volunteers', {
    name,
    unit_id: unit,
    gender: 'female',
    birth_date: '1990-03-07',
    consent: { policy_version: policy },
  })
}

async function addEvidence() {
  const answer = await fetch(`${recorder.base}/admin/files?filename=list.png`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/octet-stream',
      Authorization: `Bearer ${recorder.token}`,
    },
    body: PNG,
  })
  assert.equal(answer.status, 201)
  return (await answer.json()).id
}

/** An activity that ended an hour ago, in which these people were for two hours: back-filled. */
async function endedActivity(name, people) {
  const activity = await recorder.call('POST', '/admin/activities', {
    unit_id: unit,
    name,
    category: 'environment',
    description: '清理湖岸',
    place_name: '东湖绿道',
    risk_notice: '湖边湿滑',
    contact_name: '李',
    contact_phone: '010-12345678',
    person_in_charge: '韩梅梅',
    is_volunteer_service: true,
  })
  const path = `/admin/activities/${activity.id}`
  await recorder.call('POST', `${path}/positions`, { name: '队员', needed: 5 })
  const span = { starts_at: hoursFromNow(-4), ends_at: hoursFromNow(-1) }
  const shift = await recorder.call('POST', `${path}/shifts`, span)
  await api.call('POST', `${path}/publish`)
  for (const person of people) {
    await recorder.call('POST', `/admin/shifts/${shift.id}/back-fills`, {
      volunteer_id: person.id,
      check_in_at: hoursFromNow(-4 + 0.5),
      check_out_at: hoursFromNow(-2 + 0.5),
      reason: '纸质签到表',
      evidence_file_id: await addEvidence(),
    })
  }
  await waitFor(async () => {
    await api.call('POST', '/admin/schedules/activity-states/run')
    return (await api.call('GET', path)).state === 'ended'
  })
  return activity
}

const asAdmin = (body) => asStaff(browser, server, ADMIN, body)
const row = (page, text) => page.locator('.el-table__body tbody tr', { hasText: text })

const records = async (query) =>
  (await api.call('GET', `/admin/service-records?${new URLSearchParams(query)}`)).items

// Today in the organisation's time zone.
const today = () => new Intl.DateTimeFormat('sv', { timeZone: 'Asia/Shanghai' }).format()

describe('held hours', () => {
  it('come from settling, and are approved with their evidence in sight', async () => {
    // Between midnight and one o'clock the activity ended yesterday: a working day more would be gone.
    const dayOff = `/admin/working-calendar/${today()}`
    await api.call('PUT', dayOff, { is_working: false, name: '测试' })
    const other = await addVolunteer('吴拒绝')
    const activity = await endedActivity('东湖清洁', [volunteer, other])
    await recorder.call('POST', `/admin/activities/${activity.id}/settle`)
    await asAdmin(async (page) => {
      await page.goto('/admin/service-records')
      await row(page, '东湖清洁').getByText('2 条时长待审核').waitFor()
      await row(page, '东湖清洁').getByText('还剩 10 个工作日').waitFor()
      await api.call('DELETE', dayOff)
      await shoot(page, 'service-records')
      await row(page, '东湖清洁').locator('[data-test=review]').click()

      await page.waitForURL((url) => url.pathname === '/admin/ledger')
      await row(page, '周异议').locator('td').nth(1).click()
      const drawer = page.locator('.el-drawer')
      await drawer.getByText('待审原因：证据等级为 C 或 D，须审核').waitFor()
      await drawer.getByText('纸质签到表').waitFor()
      await shoot(page, 'service-record')
      await drawer.locator('[data-test=approve]').click()
      await button(page.locator('.el-message-box'), '通过').click()
      await drawer.getByText('已记入').waitFor()
      await page.keyboard.press('Escape')
      await row(page, '周异议').waitFor({ state: 'detached' })

      await page.locator('[data-test=pick-all]').click()
      await page.locator('[data-test=reject-many]').click()
      const box = page.locator('.el-message-box')
      await button(box, '拒绝').click()
      await box.getByText('请填写原因').waitFor()
      await box.locator('textarea').fill('名单上没有')
      await button(box, '拒绝').click()
      await page.getByText('没有待审核的时长').or(page.getByText('没有符合条件的数据')).waitFor()
    })
    const [granted] = await records({ volunteer_id: volunteer.id })
    assert.deepEqual([granted.state, granted.minutes], ['granted', 120])
    const [rejected] = await records({ volunteer_id: other.id })
    assert.deepEqual([rejected.state, rejected.decision_reason], ['rejected', '名单上没有'])
  })
})

describe('the totals', () => {
  it('tell the hours of today, and none as of the day before', async () => {
    await asAdmin(async (page) => {
      await page.goto('/admin/ledger/totals')
      const sum = page.locator('[data-test=sum]')
      await sum.getByText('2', { exact: true }).first().waitFor()
      await row(page, '东湖分队').waitFor()
      await shoot(page, 'ledger-totals')
      await page.goto('/admin/ledger/totals?as_of=2026-01-01')
      await page.getByText('没有符合条件的数据').waitFor()
      assert.match(await sum.innerText(), /台账截至 2026-01-01/)
    })
  })
})

describe('a dispute', () => {
  it('is decided by somebody who had no part in the record', async () => {
    const me = await Api.login(server, VOLUNTEER)
    const [record] = await records({ volunteer_id: volunteer.id })
    await me.call('POST', '/me/disputes', {
      service_record_id: record.id,
      message: '我九点半才到',
      minutes: 90,
    })
    await asAdmin(async (page) => {
      await page.goto('/admin/disputes')
      await button(row(page, '周异议'), '裁定').click()
      await page.getByText('这条记录由您记录或审核').waitFor()
    })
    await asStaff(browser, server, DECIDER, async (page) => {
      await page.goto('/admin/disputes')
      await button(row(page, '周异议'), '裁定').click()
      const drawer = page.locator('.el-drawer')
      await drawer.getByText('我九点半才到').waitFor()
      await drawer.getByText('1.5', { exact: true }).waitFor()
      await shoot(page, 'dispute')
      await drawer.locator('[data-test=decide]').click()
      await drawer.getByText('请填写原因').waitFor()
      await drawer.locator('textarea').fill('与签到表一致')
      await drawer.locator('[data-test=decide]').click()
      await row(page, '周异议').waitFor({ state: 'detached' })
      await page.goto('/admin/disputes?state=accepted')
      await row(page, '周异议').getByText('2 → 1.5').waitFor()

      await page.goto(`/admin/volunteers/${volunteer.id}?tab=service`)
      await row(page, '东湖清洁').getByText('1.5').waitFor()
      await shoot(page, 'volunteer-service')
    })
    const totals = await me.call('GET', '/me/service-totals')
    assert.equal(totals.minutes, 90)
    const [entry] = (await me.call('GET', '/me/ledger-entries')).items
    assert.deepEqual([entry.kind, entry.reason], ['regrant', '与签到表一致'])
  })
})

describe('the working calendar', () => {
  it('shows where a year comes from, and days are set and set back', async () => {
    await asAdmin(async (page) => {
      await page.goto('/admin/working-calendar?year=2026')
      await page.locator('[data-day="2026-02-16"].off').waitFor()
      await page.locator('[data-day="2026-02-28"].on').waitFor()
      await page.getByText('国办发明电〔2024〕12号').waitFor()
      await page.locator('[data-test=next-year]').click()
      await page.getByText('2027 年还没有节假日与调休').waitFor()

      const day = page.locator('[data-day="2027-05-03"]')
      await day.click()
      await page.locator('input[name=day-name]').fill('劳动节')
      await page.locator('[data-test=save-days]').click()
      await page.locator('[data-day="2027-05-03"].off').waitFor()
      await shoot(page, 'working-calendar')
      assert.equal(
        (await api.call('GET', '/admin/working-calendar?year=2027')).items[0].name,
        '劳动节',
      )

      await day.click()
      await page.getByRole('dialog').getByText('按星期').click()
      await page.locator('[data-test=save-days]').click()
      await page.locator('[data-day="2027-05-03"]:not(.off)').waitFor()
    })
    assert.deepEqual((await api.call('GET', '/admin/working-calendar?year=2027')).items, [])
  })
})

describe('the first screen', () => {
  it('shows the numbers, the charts and the units', async () => {
    await waitFor(async () => {
      const summary = await api.call('GET', '/admin/statistics/summary')
      return summary.this_year.minutes === 90 && summary.people.total === 2
    })
    await asAdmin(async (page) => {
      await page.waitForURL((url) => url.pathname === '/admin/dashboard')
      const tile = (name) => page.locator(`[data-tile=${name}]`)
      await tile('yearHours').getByText('1.5').waitFor()
      await tile('people').getByText('2', { exact: true }).waitFor()
      await page.locator('[data-chart=hours] svg').waitFor()
      await row(page, '东湖分队').waitFor()
      await page.locator('[data-chart=units] svg').getByText('东湖分队').waitFor()
      await shoot(page, 'dashboard')
    })
  })
})

describe('notices', () => {
  it('ring the bell of who decides disputes, without a reload', async () => {
    const decider = await Api.login(server, DECIDER)
    const me = await Api.login(server, VOLUNTEER)
    const before = (await decider.call('GET', '/me/notices/unread')).unread
    await asStaff(browser, server, DECIDER, async (page) => {
      const bell = page.locator('[data-test=bell]')
      await bell.waitFor()
      const [record] = await records({ volunteer_id: volunteer.id })
      await me.call('POST', '/me/disputes', { service_record_id: record.id, message: '还有一件事' })
      await bell.getByText(String(before + 1), { exact: true }).waitFor()
      await bell.click()
      const notice = page.locator('.notice-popper .notice', { hasText: '还有一件事' })
      await notice.waitFor()
      await shoot(page, 'notices')
      await notice.click()
      await page.waitForURL((url) => url.pathname === '/admin/disputes')
      await row(page, '周异议').waitFor()
      await bell.getByText(String(before + 1), { exact: true }).waitFor({ state: 'detached' })
    })
  })

  it('have texts that can be written anew and reset', async () => {
    await asAdmin(async (page) => {
      await page.goto('/admin/notice-templates')
      await page.locator('[data-test="edit-hours.granted"]').click()
      await page.locator('input[name=title_zh]').fill('辛苦了：{activity}{monday}')
      await page.getByText('不认识的占位符：{monday}').waitFor()
      await page.locator('input[name=title_zh]').fill('辛苦了：{activity}')
      await page.locator('[data-test=preview-zh]').getByText('辛苦了：东湖清洁').waitFor()
      await page.locator('[data-test=save-template]').click()
      const article = page.locator('article', { hasText: 'hours.granted' })
      await article.getByText('已自定义').waitFor()
      await button(article, '恢复默认').click()
      await button(page.locator('.el-message-box'), '恢复默认').click()
      await article.getByText('已自定义').waitFor({ state: 'detached' })
    })
  })
})

describe('schedules', () => {
  it('are listed, and run when asked', async () => {
    const runs = async () =>
      (await api.call('GET', '/admin/schedules')).items.find(({ name }) => name === 'import-clean')
        .runs
    const before = await runs()
    await asAdmin(async (page) => {
      await page.goto('/admin/schedules')
      await page.locator('[data-test="run-import-clean"]').click()
      await page.getByText('已开始：清理导入文件').waitFor()
    })
    await waitFor(async () => (await runs()) > before)
  })
})
