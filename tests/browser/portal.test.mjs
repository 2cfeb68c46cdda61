// The portal on a phone: from the public list to hours that are disputed.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Api, assertQuiet, launchBrowser, newPage, ROOT, Server, shoot } from './harness.mjs'
import {
  makeActivity,
  makeStaff,
  makeUnit,
  makeVolunteer,
  PASSWORD,
} from './scene.mjs'

const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true }
const HOUR_MS = 3_600_000
const PLACE = { latitude: 30.55, longitude: 114.31 }

let server
let browser
let page
let api
let staff
let today
let library
let volunteer

before(async () => {
  server = await Server.start()
  browser = await launchBrowser()
  api = await Api.login(server)
  const unit = await makeUnit(api, '武昌区志愿者协会')
  volunteer = await makeVolunteer(api, unit, 'wang.fang')
  const neighbour = await makeVolunteer(api, unit, 'li.lei', {
    name: '李雷',
    phone: '+8613900001235',
  })
  staff = {
    recorder: await makeStaff(api, unit, 'recorder', 'recorder'),
    approver: await makeStaff(api, unit, 'approver', 'unit_administrator'),
  }
  today = await makeActivity(api, unit, {
    positions: [
      { name: '清洁员', needed: 12 },
      { name: '长者陪护', needed: 2, minimum_age: 50 },
    ],
    shifts: [[20, 140]],
  })
  library = await makeActivity(api, unit, {
    name: '社区图书馆周末值班',
    category: '文化教育',
    point: { latitude: 31.2, longitude: 121.5 },
    positions: [{ name: '值班员', needed: 1 }],
    shifts: [[60 * 50, 60 * 53]],
  })
  const early = await Api.login(server, { username: neighbour.username, password: PASSWORD })
  await early.call('POST', '/me/signups', {
    shift_id: library.shifts[0].id,
    position_id: library.positions[0].id,
    accept_risk_notice_version: 1,
  })
  page = await newPage(browser, server, { ...PHONE, permissions: ['geolocation'], geolocation: PLACE })
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

async function signIn(target) {
  await target.locator('input[name=login]').fill(volunteer.username)
  await target.locator('input[name=password]').fill(PASSWORD)
  await target.locator('button[type=submit]').click()
}

async function openTab(name) {
  await page.locator('.van-tabbar-item', { hasText: name }).click()
}

function card(target, text) {
  return target.locator('.card', { hasText: text })
}

describe('a visitor', () => {
  it('finds what has free places, and what is near', async () => {
    await page.goto('/')
    await card(page, '滨江公园清洁行动').waitFor()
    assert.match(await card(page, '社区图书馆').innerText(), /已满/)
    await page.getByRole('button', { name: '有名额' }).click()
    await card(page, '社区图书馆').waitFor({ state: 'detached' })
    assert.match(page.url(), /open=1/)
    await page.getByRole('button', { name: '有名额' }).click()
    await card(page, '社区图书馆').waitFor()
    await page.getByRole('button', { name: '附近' }).click()
    await card(page, '社区图书馆').waitFor({ state: 'detached' })
    await card(page, '滨江公园').waitFor()
    await page.goto('/?category=%E6%96%87%E5%8C%96%E6%95%99%E8%82%B2')
    await card(page, '社区图书馆').waitFor()
    assert.equal(await page.locator('a.card').count(), 1)
    await shoot(page, 'portal-list')
  })

  it('sees the activity, when its places were counted, and is asked to sign in', async () => {
    await page.goto(`/activities/${today.id}`)
    await page.getByText('余 12/12').waitFor()
    await page.getByText(/名额统计于 \d\d:\d\d:\d\d/).waitFor()
    for (const text of ['风险告知', '滨江公园东门', '027-12345678', '班次开始前 1 天 可自行取消']) {
      assert.ok(await page.getByText(text).first().isVisible(), text)
    }
    await page.getByRole('button', { name: '登录后报名' }).click()
    await page.waitForURL(/\/login\?next=\/activities\/\d+/)
    assertQuiet(page)
  })

  it('is sent to the login from pages of one’s own', async () => {
    await page.goto('/hours')
    await page.waitForURL(/\/login\?next=\/hours/)
    await page.goto('/nowhere')
    await page.getByText('地址可能有误').waitFor()
    assertQuiet(page)
  })
})

describe('a volunteer', () => {
  it('signs in and comes back to the activity', async () => {
    await page.goto(`/login?next=/activities/${today.id}`)
    await page.locator('input[name=login]').fill(volunteer.username)
    await page.locator('input[name=password]').fill('not the password')
    await page.locator('button[type=submit]').click()
    await page.getByRole('alert').waitFor()
    await signIn(page)
    await page.waitForURL(/\/activities\/\d+$/)
    assertQuiet(page, 401)
  })

  it('is told why a position is not for her, as the server words it', async () => {
    await page.getByRole('button', { name: '报名', exact: true }).click()
    const refused = page.locator('.position.refused')
    await refused.waitFor()
    assert.match(await refused.innerText(), /长者陪护[\s\S]*50/)
    await shoot(page, 'portal-sign-up')
  })

  it('signs up once the risk notice is accepted', async () => {
    const confirm = page.getByRole('button', { name: '确认报名' })
    assert.ok(await confirm.isDisabled())
    await page.getByText('我已阅读并接受风险告知').click()
    await confirm.click()
    await page.waitForURL(/\/shifts\/\d+$/)
    await page.getByText('已通过', { exact: true }).waitFor()
    assert.ok(await page.getByText('已过自行取消的时间').isVisible())
    assertQuiet(page)
  })

  it('joins the waitlist of what is full, sees her place, and cancels', async () => {
    await page.goto(`/activities/${library.id}`)
    await page.getByRole('button', { name: '报名', exact: true }).click()
    await page.getByText('候补第 1 位').waitFor()
    await page.getByText('我已阅读并接受风险告知').click()
    await page.getByRole('button', { name: '加入候补' }).click()
    await page.waitForURL(/\/shifts\/\d+$/)
    await page.locator('.big', { hasText: '候补第 1 位' }).waitFor()
    await page.getByRole('button', { name: '取消报名' }).click()
    await page.locator('textarea[name=reason]').fill('家中有事')
    await page.locator('.van-dialog__confirm').click()
    await page.getByText('已取消', { exact: true }).waitFor()
    assert.ok(await page.getByText('家中有事').isVisible())
    assertQuiet(page)
  })

  it('sees her shifts, coming and past', async () => {
    await page.goto('/shifts')
    await card(page, '滨江公园').waitFor()
    assert.equal(await card(page, '社区图书馆').count(), 0)
    await page.getByRole('tab', { name: '历史' }).click()
    assert.match(await card(page, '社区图书馆').innerText(), /已取消/)
    await page.getByRole('tab', { name: '邀请' }).click()
    await page.getByText('暂无邀请').waitFor()
    await shoot(page, 'portal-shifts')
    assertQuiet(page)
  })
})

/** What a coordinator's screen shows. */
function codes(direction) {
  return api.call('GET', `/admin/shifts/${today.shifts[0].id}/codes?direction=${direction}`)
}

/** A film of one picture (YUV4MPEG2) in which a QR code is held into the camera. */
function writeFilm(path, text) {
  const require = createRequire(join(ROOT, 'web/package.json'))
  const { modules } = require('qrcode').create(text, { errorCorrectionLevel: 'M' })
  const [width, height, scale] = [640, 480, 10]
  const luma = Buffer.alloc(width * height, 235)
  const left = Math.floor((width - modules.size * scale) / 2)
  const top = Math.floor((height - modules.size * scale) / 2)
  modules.data.forEach((dark, i) => {
    const x = left + (i % modules.size) * scale
    const y = top + Math.floor(i / modules.size) * scale
    for (let row = y; dark && row < y + scale; row += 1) {
      luma.fill(16, row * width + x, row * width + x + scale)
    }
  })
  const chroma = Buffer.alloc((width * height) / 2, 128)
  const head = `YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`
  writeFileSync(path, Buffer.concat([Buffer.from(`${head}FRAME\n`), luma, chroma]))
}

describe('attendance', () => {
  it('begins with a rotating code, typed by hand', async () => {
    await openTab('扫码')
    await page.locator('input[name=code]').fill('12345')
    await page.getByRole('button', { name: '提交' }).click()
    await page.getByText('代码应为 6 位数字或 8 位字符').waitFor()
    const { code } = await codes('in')
    await page.locator('input[name=code]').fill(code)
    await page.getByRole('button', { name: '提交' }).click()
    await page.getByRole('heading', { name: '签到成功' }).waitFor()
    await shoot(page, 'portal-checked-in')
    assertQuiet(page)
  })

  it('says plainly that nothing was recorded while offline', async () => {
    await page.getByRole('button', { name: '继续扫码' }).click()
    const { code } = await codes('out')
    await page.context().setOffline(true)
    await page.locator('input[name=code]').fill(code)
    await page.getByText('签退', { exact: true }).click()
    await page.getByRole('button', { name: '提交' }).click()
    await page.getByRole('heading', { name: '没有网络' }).waitFor()
    await page.context().setOffline(false)
    page.complaints.length = 0
  })

  it('ends with a code that the camera reads', async () => {
    await server.moveClock(HOUR_MS)
    api = await Api.login(server)
    const film = join(server.folder, 'code.y4m')
    writeFilm(film, (await codes('out')).payload)
    const other = await launchBrowser(
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${film}`,
    )
    try {
      const phone = await newPage(other, server, { ...PHONE, permissions: ['camera'] })
      await phone.goto('/login?next=/scan')
      await signIn(phone)
      await phone.getByRole('heading', { name: /签退成功|未成功/ }).waitFor()
      await shoot(phone, 'portal-checked-out')
      assert.equal(await phone.getByRole('heading', { name: '签退成功' }).count(), 1)
      assert.ok(await phone.getByText('证据等级 A').isVisible())
      assertQuiet(phone)
    } finally {
      await other.close()
    }
  })
})

describe('hours', () => {
  it('are there once the activity is settled, with their evidence', async () => {
    await server.moveClock(8 * HOUR_MS)
    const recorder = await Api.login(server, staff.recorder)
    await recorder.call('POST', `/admin/activities/${today.id}/settle`)
    await page.goto('/hours')
    const record = card(page, '滨江公园清洁行动')
    await record.waitFor()
    assert.match(await record.innerText(), /证据等级 A[\s\S]*已计入/)
    await shoot(page, 'portal-hours')
    await record.click()
    await page.waitForURL(/\/hours\/\d+$/)
    await page.getByText('计入 · A').waitFor()
    assert.ok(await page.getByText('韩梅梅').isVisible())
    // Tokens of an hour ago are refused once, and renewed.
    assertQuiet(page, 401)
  })

  it('can be disputed', async () => {
    await page.getByRole('button', { name: '对这条记录有异议' }).click()
    await page.getByRole('button', { name: '提交异议' }).click()
    await page.getByText('请说明哪里不对').waitFor()
    await page.locator('textarea[name=message]').fill('我从开始一直服务到结束。')
    await page.locator('input[name=hours]').fill('2')
    await shoot(page, 'portal-dispute')
    await page.getByRole('button', { name: '提交异议' }).click()
    await page.getByText('处理中').waitFor()
    assert.equal(await page.getByRole('button', { name: '对这条记录有异议' }).count(), 0)
    assertQuiet(page, 401)
  })

  it('are corrected by somebody else, and the answer is shown', async () => {
    const approver = await Api.login(server, staff.approver)
    const [dispute] = (await approver.call('GET', '/admin/disputes')).items
    await approver.call('POST', `/admin/disputes/${dispute.id}/decision`, {
      decision: 'accept',
      minutes: 120,
      reason: '现场名单可以证明',
    })
    await page.goto('/hours')
    await page.locator('.sum', { hasText: '2' }).waitFor()
    await page.getByRole('tab', { name: '异议' }).click()
    await page.getByText('现场名单可以证明').waitFor()
    await card(page, '现场名单').click()
    await page.getByText('重新计入 · ').waitFor()
    assert.ok(await page.getByText('作废 · ').isVisible())
    await shoot(page, 'portal-record')
    assertQuiet(page, 401)
  })
})

describe('the inbox', () => {
  it('counts what is unread, opens what a notice is about, and marks all as read', async () => {
    await page.goto('/me')
    await page.locator('.van-cell', { hasText: '条未读' }).click()
    await page.getByText('报名成功：滨江公园清洁行动').waitFor()
    await shoot(page, 'portal-inbox')
    await page.getByText('报名成功：滨江公园清洁行动').click()
    await page.waitForURL(/\/shifts\/\d+$/)
    await page.goBack()
    await page.getByRole('button', { name: '全部已读' }).click()
    await page.locator('.dot').first().waitFor({ state: 'detached' })
    await page.goto('/me')
    await page.locator('.van-cell', { hasText: '消息' }).waitFor()
    assert.equal(await page.locator('.van-cell', { hasText: '条未读' }).count(), 0)
    // The sign-up is shown without its activity, which is open to nobody any more.
    assertQuiet(page, 401, 404)
  })

  it('lets one choose what comes by mail', async () => {
    await page.goto('/inbox/preferences')
    const first = page.getByRole('switch').first()
    const before = await first.getAttribute('aria-checked')
    await first.click()
    await page.locator(`[role=switch][aria-checked="${before === 'true' ? 'false' : 'true'}"]`).first().waitFor()
    await page.reload()
    await page.getByRole('switch').first().waitFor()
    assert.notEqual(await page.getByRole('switch').first().getAttribute('aria-checked'), before)
    assertQuiet(page, 401)
  })
})

describe('the language', () => {
  it('is chosen, remembered, and complete on every page', async () => {
    await page.goto('/me')
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByText('Volunteer', { exact: true }).waitFor()
    for (const path of ['/', `/activities/${library.id}`, '/shifts', '/scan', '/hours', '/inbox', '/me', '/me/data', '/me/privacy', '/me/memberships', '/me/sessions']) {
      await page.goto(path)
      await page.locator('main').waitFor()
      await shoot(page, `portal-en${path.replaceAll('/', '-')}`)
      assert.equal(await page.locator('html').getAttribute('lang'), 'en')
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
      assert.equal(wide, false, `${path} is wider than the phone`)
    }
    assertQuiet(page, 401)
  })

  it('stays when one signs out', async () => {
    await page.goto('/me')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.locator('.van-dialog__confirm').click()
    await page.getByText('Sign in', { exact: true }).waitFor()
    await page.goto('/shifts')
    await page.waitForURL(/\/login/)
    assertQuiet(page, 401)
  })
})

describe('the console', () => {
  it('is still at /admin/', async () => {
    await page.goto('/admin/')
    await page.waitForURL(/\/admin\/login/)
    assertQuiet(page)
  })
})

describe('an application', () => {
  it('is made on the phone, and the applicant may sign in', async () => {
    const settings = await Api.login(server)
    await settings.call('PATCH', '/admin/settings', { applications_open: true })
    const visitor = await newPage(browser, server, PHONE)
    await visitor.goto('/apply')
    await visitor.getByRole('button', { name: '提交申请' }).click()
    await visitor.getByText('请填写').first().waitFor()
    await visitor.locator('input[name=name]').fill('赵敏')
    await visitor.locator('input[name=birth_date]').fill('1999-03-04')
    await visitor.locator('input[name=phone]').fill('13900007777')
    await visitor.locator('input[name=unit]').click()
    await visitor.locator('.van-popup .van-cell', { hasText: '武昌区' }).click()
    await visitor.locator('input[name=username]').fill('zhao.min')
    await visitor.locator('input[name=password]').fill(PASSWORD)
    await visitor.getByRole('button', { name: '提交申请' }).click()
    await visitor.getByText('请先阅读并同意隐私政策').waitFor()
    await visitor.locator('.van-checkbox').click()
    await visitor.getByRole('button', { name: '提交申请' }).click()
    await visitor.getByText('申请已提交').waitFor()
    await shoot(visitor, 'portal-applied')
    await visitor.getByRole('button', { name: '登录' }).click()
    await visitor.locator('input[name=login]').fill('zhao.min')
    await visitor.locator('input[name=password]').fill(PASSWORD)
    await visitor.locator('button[type=submit]').click()
    await visitor.getByText('我的', { exact: true }).last().click()
    await visitor.getByText('申请审核中').waitFor()
    assertQuiet(visitor)
    await visitor.context().close()
  })
})
