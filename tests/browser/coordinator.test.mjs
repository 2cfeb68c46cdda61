// What a coordinator does around an activity, in Chromium against the real server: approval, many
// shifts at once, who may manage and who is invited, the board of sign-ups, the draw.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import {
  ADMIN,
  Api,
  asStaff,
  assertQuiet,
  button,
  choose,
  confirm,
  launchBrowser,
  local,
  readText,
  Server,
  setTime,
  shoot,
} from './harness.mjs'
import { instant, makeActivity, makeStaff, makeUnit, makeVolunteer, PASSWORD } from './scene.mjs'

const DAY = 24 * 60
const DAY_MS = DAY * 60_000

let server
let browser
let api
let unit
const people = []

before(async () => {
  server = await Server.start()
  browser = await launchBrowser()
  api = await Api.login(server)
  unit = await makeUnit(api, '汉阳分队')
  const names = ['赵一', '钱二', '孙三', '李四', '周五', '吴六']
  for (const [i, name] of names.entries()) {
    const person = await makeVolunteer(api, unit, `person.${i}`, {
      name,
      phone: `+861390000200${i}`,
    })
    people.push({ ...person, name })
  }
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

const asAdmin = (body) => asStaff(browser, server, ADMIN, body)
const test = (page, id) => page.locator(`[data-test=${id}]`)

async function signUp({ username }, activity, shift = 0) {
  const own = await Api.login(server, { username, password: PASSWORD })
  return own.call('POST', '/me/signups', {
    shift_id: activity.shifts[shift].id,
    position_id: activity.positions[0].id,
    accept_risk_notice_version: 1,
  })
}

describe('approval', () => {
  let activity
  let coordinator
  let approver

  before(async () => {
    coordinator = await makeStaff(api, unit, 'coordinator', 'coordinator')
    approver = await makeStaff(api, unit, 'approver', 'unit_administrator')
    activity = await makeActivity(api, unit, {
      name: '龟山巡护',
      positions: [{ name: '巡护员', needed: 3 }],
      shifts: [[2 * DAY, 2 * DAY + 120]],
      draft: true,
    })
  })

  const open = (page) => page.goto(`/admin/activities/${activity.id}`)

  it('is asked for, refused with a reason, asked for again, and given', async () => {
    await asStaff(browser, server, coordinator, async (page) => {
      await open(page)
      assert.equal(await test(page, 'act-publish').count(), 0)
      await test(page, 'act-submit').click()
      await confirm(page, '提交审批')
      await page.getByText('待审批').first().waitFor()
      assert.equal(await test(page, 'act-approve').count(), 0)
    })
    await asStaff(browser, server, approver, async (page) => {
      await open(page)
      await test(page, 'act-approve').waitFor()
      await shoot(page, 'activity-submitted')
      await test(page, 'more-actions').click()
      await page.locator('.el-dropdown-menu__item:visible', { hasText: '退回' }).click()
      await confirm(page, '退回', '请补充集合路线')
      await page.getByText('审批未通过，已退回：请补充集合路线').waitFor()
    })
    await asStaff(browser, server, coordinator, async (page) => {
      await open(page)
      await page.getByText('审批未通过，已退回：请补充集合路线').waitFor()
      await test(page, 'act-submit').click()
      await confirm(page, '提交审批')
      await page.getByText('待审批').first().waitFor()
    })
    await asStaff(browser, server, approver, async (page) => {
      await open(page)
      await test(page, 'act-approve').click()
      await confirm(page, '通过并发布')
      await page.getByText('招募中').first().waitFor()
    })
  })

  it('is not needed any more once the unit decides so', async () => {
    await asAdmin(async (page) => {
      await page.goto('/admin/activities')
      await test(page, 'gate').click()
      await choose(page, test(page, 'gate-unit'), '汉阳分队')
      const dialog = page.getByRole('dialog')
      await dialog.getByText('当前：发布前须经审批').waitFor()
      await dialog.getByText('可以直接发布', { exact: true }).click()
      await shoot(page, 'activity-gate')
      await test(page, 'save-gate').click()
      await page.getByText('已保存').waitFor()
    })
    const draft = await makeActivity(api, unit, {
      positions: [{ name: '队员', needed: 1 }],
      shifts: [[2 * DAY, 2 * DAY + 60]],
      draft: true,
    })
    await asStaff(browser, server, coordinator, async (page) => {
      await page.goto(`/admin/activities/${draft.id}`)
      await test(page, 'act-publish').click()
      await confirm(page, '发布')
      await page.getByText('招募中').first().waitFor()
    })
  })
})

describe('many shifts', () => {
  let activity

  before(async () => {
    activity = await makeActivity(api, unit, {
      name: '夜间守护',
      positions: [{ name: '守护员', needed: 2 }],
      shifts: [],
      draft: true,
    })
  })

  const planned = async () =>
    (await api.call('GET', `/admin/activities/${activity.id}/shifts`)).items

  it('come from a rule over midnight, after a preview', async () => {
    await asAdmin(async (page) => {
      await page.goto(`/admin/activities/${activity.id}?tab=shifts`)
      await test(page, 'plan-shifts').click()
      const drawer = page.locator('.el-drawer:visible')
      await test(page, 'by-rule').click()
      await drawer.getByLabel('第一天').fill(local(Date.now() + 2 * DAY_MS).day)
      await drawer.getByLabel('第一天').press('Enter')
      const times = test(page, 'span').locator('input')
      await setTime(page, times.nth(0), '22:00')
      await setTime(page, times.nth(1), '02:00')
      await drawer.getByText('共 4 小时 · 次日结束').waitFor()
      await drawer.getByLabel('次数').fill('3')
      await drawer.getByLabel('次数').press('Enter')
      await drawer.getByText('FREQ=WEEKLY;COUNT=3').waitFor()
      await test(page, 'look').click()
      await test(page, 'preview').getByText('将生成 3 个班次').waitFor()

      // What is changed after the preview must be looked at again.
      await drawer.getByText('直接填写重复规则').click()
      await test(page, 'preview').waitFor({ state: 'detached' })
      await page.locator('input[name=rule]').fill('FREQ=MONTHLY;BYDAY=1XX')
      await test(page, 'look').click()
      await drawer.getByText('重复规则无效').waitFor()
      await page.locator('input[name=rule]').fill('RRULE:FREQ=DAILY;INTERVAL=2;COUNT=4')
      await test(page, 'look').click()
      await test(page, 'preview').getByText('将生成 4 个班次').waitFor()
      await test(page, 'preview').scrollIntoViewIfNeeded()
      await shoot(page, 'shift-rule')
      await test(page, 'make').click()
      await test(page, 'shifts').locator('tbody tr').nth(3).waitFor()
      assertQuiet(page, 422)
    })
    const shifts = await planned()
    assert.equal(shifts.length, 4)
    const span = Date.parse(shifts[0].ends_at) - Date.parse(shifts[0].starts_at)
    assert.equal(span, 4 * 3_600_000)
    assert.equal(local(Date.parse(shifts[0].starts_at)).time, '22:00')
    assert.equal(Date.parse(shifts[1].starts_at) - Date.parse(shifts[0].starts_at), 2 * DAY_MS)
  })

  it('are taken back in one go', async () => {
    await asAdmin(async (page) => {
      await page.goto(`/admin/activities/${activity.id}?tab=shifts`)
      await test(page, 'undo-batch').click()
      await page.locator('.el-dropdown-menu__item:visible', { hasText: '4 个班次' }).click()
      await confirm(page, '撤销批次', '日期排错了')
      await page.getByText('批次已撤销').waitFor()
      await test(page, 'shifts').waitFor({ state: 'detached' })
    })
    assert.equal((await planned()).length, 0)
  })
})

describe('people of an activity', () => {
  let activity
  let helper

  before(async () => {
    helper = { username: 'desk.helper', password: PASSWORD }
    await api.call('POST', '/admin/accounts', {
      ...helper,
      must_change_password: false,
    })
    activity = await makeActivity(api, unit, {
      name: '内部培训',
      visibility: 'invited',
      positions: [{ name: '学员', needed: 5 }],
      shifts: [[-10, 120]],
    })
  })

  it('are given the front desk of it alone, and lose it', async () => {
    await asAdmin(async (page) => {
      await page.goto(`/admin/activities/${activity.id}?tab=people`)
      await page.locator('input[name=manager]').fill('nobody.there')
      await button(page, '新增').click()
      await page.locator('.el-form-item__error').waitFor()
      await page.locator('input[name=manager]').fill(helper.username)
      await button(page, '新增').click()
      await page.locator('.rows li', { hasText: helper.username }).getByText('现场签到').waitFor()
      await shoot(page, 'activity-people')
      assertQuiet(page, 422)
    })
    await asStaff(browser, server, helper, async (page) => {
      await page.goto(`/admin/shifts/${activity.shifts[0].id}/presence`)
      await page.getByText('实时').waitFor()
      await shoot(page, 'front-desk')
      await page.goto('/admin/activities')
      await page.getByText('没有权限').waitFor()
    })
    await asAdmin(async (page) => {
      await page.goto(`/admin/activities/${activity.id}?tab=people`)
      await button(page.locator('.rows li', { hasText: helper.username }), '移除').click()
      await confirm(page, '移除')
      await page.getByText('还没有单独指定的人员').waitFor()
    })
  })

  it('are invited, see it, and do not when the invitation is taken back', async () => {
    const [person] = people
    const own = await Api.login(server, {
      username: person.username,
      password: PASSWORD,
    })
    const invited = async () => (await own.call('GET', '/me/activities')).items.map(({ id }) => id)
    assert.ok(!(await invited()).includes(activity.id))
    await asAdmin(async (page) => {
      await page.goto(`/admin/activities/${activity.id}?tab=people`)
      const picker = page.locator('.picker input')
      await picker.click()
      await picker.pressSequentially('zhaoyi')
      await page.locator('.el-select-dropdown__item:visible', { hasText: person.name }).click()
      await button(page, '邀请').click()
      const row = page.locator('.rows li', { hasText: person.name })
      await row.waitFor()
      assert.ok((await invited()).includes(activity.id))
      await button(row, '撤回邀请').click()
      await page.getByText('还没有邀请任何人').waitFor()
    })
    assert.ok(!(await invited()).includes(activity.id))
  })
})

describe('the board of sign-ups', () => {
  let activity
  const column = (page, key) => page.locator(`[data-column=${key}]`)
  const card = (page, key, { name }) => column(page, key).locator('.signup', { hasText: name })

  before(async () => {
    activity = await makeActivity(api, unit, {
      name: '图书整理',
      approval: 'review',
      waitlist: 'offer',
      offer_minutes: 60,
      positions: [{ name: '整理员', needed: 2 }],
      shifts: [[5 * DAY, 5 * DAY + 120]],
    })
    for (const person of people.slice(0, 5)) {
      await signUp(person, activity)
    }
  })

  it('decides by a drag, and by one click in every state', async () => {
    const [one, two, three, four, five, six] = people
    await asAdmin(async (page) => {
      // A page that scrolls while something is held would drag something else.
      await page.setViewportSize({ width: 1280, height: 1200 })
      await page.goto(`/admin/activities/${activity.id}?tab=signups`)
      await card(page, 'pending', one).dragTo(column(page, 'approved'))
      await card(page, 'approved', one).waitFor()
      await card(page, 'pending', two).dragTo(column(page, 'closed'))
      await confirm(page, '拒绝', '人数已够')
      await card(page, 'closed', two).getByText('人数已够').waitFor()
      // Where it cannot go nothing happens.
      await card(page, 'approved', one).dragTo(column(page, 'pending'))
      await card(page, 'approved', one).waitFor()

      await button(card(page, 'pending', three), '通过').click()
      await card(page, 'approved', three).waitFor()
      for (const late of [four, five]) {
        await button(card(page, 'pending', late), '通过').click()
        await card(page, 'waitlisted', late).waitFor()
      }
      await card(page, 'waitlisted', five).getByText('候补第 2 位').waitFor()
      await button(card(page, 'waitlisted', five), '提到候补首位').click()
      await confirm(page, '提到候补首位', '有急救证')
      await card(page, 'waitlisted', five).getByText('候补第 1 位').waitFor()
      await shoot(page, 'signup-board')

      // A place is freed: the first on the waitlist is offered it, and the offer can be withdrawn.
      await button(card(page, 'approved', three), '取消报名').click()
      await confirm(page, '取消报名', '本人来电')
      await card(page, 'offered', five).waitFor()
      await button(card(page, 'offered', five), '取消报名').click()
      await confirm(page, '取消报名', '联系不上')
      await card(page, 'offered', four).waitFor()
      await choose(page, column(page, 'closed').locator('.el-select'), '已取消')
      await card(page, 'closed', five).getByText('联系不上').waitFor()

      // Somebody who is elsewhere at that time: staff set that aside with a reason.
      const elsewhere = await makeActivity(api, unit, {
        name: '社区义诊',
        positions: [{ name: '导诊员', needed: 2 }],
        shifts: [[5 * DAY + 30, 5 * DAY + 90]],
      })
      await signUp(six, elsewhere)
      await test(page, 'place-somebody').click()
      const picker = test(page, 'place-volunteer').locator('input')
      await picker.click()
      await picker.pressSequentially(six.name)
      await page.locator('.el-select-dropdown__item:visible', { hasText: six.name }).click()
      await test(page, 'verdict').getByText('不能安排').waitFor()
      assert.ok(await test(page, 'place').isDisabled())
      await button(page.locator('.el-dialog:visible'), '取消').click()

      // With a place left, staff set the clash aside with a reason.
      await button(card(page, 'offered', four), '取消报名').click()
      await confirm(page, '取消报名', '联系不上')
      await card(page, 'offered', four).waitFor({ state: 'detached' })
      await test(page, 'place-somebody').click()
      await picker.click()
      await picker.pressSequentially(six.name)
      await page.locator('.el-select-dropdown__item:visible', { hasText: six.name }).click()
      await test(page, 'verdict').getByText('有规则不允许').waitFor()
      await shoot(page, 'signup-place')
      await page.locator('textarea[name=override_reason]').fill('临时增援')
      await test(page, 'place').click()
      await card(page, 'approved', six).getByText('例外安排').waitFor()
    })
  })
})

describe('a lottery', () => {
  it('is drawn once, with a seed by which everybody can check it', async () => {
    const activity = await makeActivity(api, unit, {
      name: '音乐会引导',
      approval: 'lottery',
      positions: [{ name: '引导员', needed: 2 }],
      shifts: [[9 * DAY, 9 * DAY + 120]],
      sign_up_closes_at: instant(DAY),
    })
    for (const person of people.slice(0, 4)) {
      await signUp(person, activity)
    }
    await asAdmin(async (page) => {
      const path = `/admin/activities/${activity.id}`
      await page.goto(`${path}?tab=signups`)
      await test(page, 'lottery').getByText('报名截止后可以抽签').waitFor()
      assert.ok(await test(page, 'draw').isDisabled())

      // The schedule draws by itself; having just run it leaves us half a minute.
      await api.call('POST', '/admin/schedules/signup-lotteries/run')
      const closes = new Date(Date.now() + 2000).toISOString()
      const { version } = await api.call('GET', path)
      await api.call('PATCH', path, { sign_up_closes_at: closes }, { 'If-Match': `"v${version}"` })
      await pause(2500)
      await page.reload()
      await test(page, 'draw').click()
      await confirm(page, '开始抽签')
      await test(page, 'lottery').getByText('已于').waitFor()
      const seed = await test(page, 'lottery').locator('.seed .mono').innerText()
      assert.equal(await page.locator('[data-column=approved] .signup').count(), 2)
      await shoot(page, 'lottery')

      const [file] = await Promise.all([
        page.waitForEvent('download'),
        button(page, '下载抽签结果').click(),
      ])
      const [, ...lines] = readText(await file.path())
        .trim()
        .split('\n')
      const drawn = lines.map((line) => line.split(','))
      const keys = drawn.map(([id, , , , key]) => ({ id, key }))
      for (const { id, key } of keys) {
        assert.equal(key, createHash('sha256').update(`${seed}:${id}`).digest('hex'))
      }
      const lowest = keys.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, 2)
      const won = drawn.filter(([, , , flag]) => flag === '1').map(([id]) => id)
      assert.deepEqual(won.sort(), lowest.map(({ id }) => id).sort())
    })
  })
})
