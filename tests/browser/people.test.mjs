// Decisions about people, and what the organisation sets, in Chromium against the real server.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  ADMIN,
  Api,
  assertQuiet,
  asStaff,
  choose,
  heading,
  launchBrowser,
  newPage,
  Server,
  shoot,
  signIn,
  totp,
} from './harness.mjs'

const PASSWORD = 'Lake-Side-2026-x'

let server
let browser
let api
let folder
let unit
let policy

before(async () => {
  server = await Server.start()
  browser = await launchBrowser()
  api = await Api.login(server)
  folder = mkdtempSync(join(tmpdir(), 'voms-browser-files-'))
  const draft = { parent_id: 1, name: '东湖分队', applications_open: true }
  unit = (await api.call('POST', '/admin/units', draft)).id
  await api.call('PATCH', '/admin/settings', { applications_open: true })
  policy = (await api.call('GET', '/public/system/info')).privacy_policy_version
})

after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await browser?.close()
  await server?.stop()
})

const asAdmin = (body) => asStaff(browser, server, ADMIN, body)

function addVolunteer(fields) {
  return api.call('POST', '/admin/volunteers', {
    unit_id: unit,
    consent: { policy_version: policy },
    ...fields,
  })
}

function apply(fields) {
  return api.call('POST', '/public/applications', {
    password: PASSWORD,
    birth_date: '1990-03-07',
    unit_id: unit,
    consent: { policy_version: policy },
    ...fields,
  })
}

function button(scope, name) {
  return scope.getByRole('button', { name, exact: true })
}

describe('two files of one person', () => {
  it('are compared and become one, with the values that were chosen', async () => {
    const older = await addVolunteer({ name: '孙合并', phone: '13811110001', occupation: '教师' })
    const newer = await addVolunteer({ name: '孙合并', phone: '13811110001', occupation: '医生' })
    await asAdmin(async (page) => {
      await page.goto('/admin/duplicates')
      const card = page.locator('article.pair', { hasText: '孙合并' })
      await button(card, '比较并合并').click()
      const dialog = page.getByRole('dialog')
      const row = dialog.locator('.compare tbody tr', { hasText: '职业' })
      await row.getByText('医生').click()
      await shoot(page, 'merge')
      await button(dialog, '合并').click()
      await dialog.getByText('请填写原因').waitFor()
      await dialog.locator('input[maxlength="500"]').fill('同一个人登记了两次')
      await button(dialog, '合并').click()
      await card.waitFor({ state: 'detached' })
    })
    const files = [older, newer].map(({ id }) => id)
    const left = (await api.call('GET', '/admin/volunteers?q=孙合并')).items
    assert.equal(left.length, 1)
    assert.ok(files.includes(left[0].id))
    assert.equal((await api.call('GET', `/admin/volunteers/${left[0].id}`)).occupation, '医生')
  })
})

describe('an application', () => {
  it('is approved, and another is refused with a reason', async () => {
    await apply({ name: '吴申请', phone: '13811110002', username: 'wu.shenqing' })
    const refused = await apply({ name: '郑拒绝', phone: '13811110003', username: 'zheng.jujue' })
    await asAdmin(async (page) => {
      await page.goto('/admin/applications')
      const row = (name) => page.locator('.el-table__body tbody tr', { hasText: name })
      await button(row('吴申请'), '审核').click()
      const drawer = page.locator('.el-drawer')
      await drawer.getByText('138****0002').waitFor()
      await shoot(page, 'application')
      await button(drawer, '通过').click()
      await button(page.locator('.el-message-box'), '通过').click()
      await row('吴申请').waitFor({ state: 'detached' })

      await button(row('郑拒绝'), '审核').click()
      await button(drawer, '拒绝').click()
      const box = page.locator('.el-message-box')
      await button(box, '拒绝').click()
      await box.getByText('请填写原因').waitFor()
      await box.locator('textarea').fill('不在本地')
      await button(box, '拒绝').click()
      await row('郑拒绝').waitFor({ state: 'detached' })

      await page.goto(`/admin/volunteers/${refused.volunteer_id}?tab=history`)
      await page.getByText('不在本地').first().waitFor()
    })
    const approved = (await api.call('GET', '/admin/volunteers?q=吴申请')).items[0]
    assert.equal(approved.state, 'active')
  })
})

describe('sensitive data', () => {
  it('are shown only when asked for, changed, and both are in the audit log by name', async () => {
    const { id } = await addVolunteer({ name: '钱敏感', phone: '13811110004' })
    await asAdmin(async (page) => {
      await page.goto(`/admin/volunteers/${id}?tab=sensitive`)
      await button(page, '查看敏感信息').click()
      const panel = page.getByRole('tabpanel')
      await button(panel, '编辑').click()
      await button(panel, '添加联系人').click()
      const contact = panel.locator('.contact-row input')
      await contact.nth(0).fill('钱母')
      await contact.nth(1).fill('母亲')
      await contact.nth(2).fill('13911110004')
      await panel.locator('textarea').fill('青霉素过敏')
      await button(panel, '保存').click()
      await panel.getByText('青霉素过敏').waitFor()
      await shoot(page, 'volunteer-sensitive')
      await page.goto('/admin/audit')
      for (const action of ['查看敏感信息', '修改敏感信息']) {
        await page.locator('.el-table__body').getByText(action).first().waitFor()
      }
      await choose(page, page.locator('[data-test=filter-action]'), 'volunteer.sensitive_update')
      await page.waitForURL(/action=volunteer\.sensitive_update/)
      await page.getByText('共 1 条').waitFor()
      await shoot(page, 'audit-filtered')
    })
  })

  it('are revealed in clear only after a purpose was stated', async () => {
    const { id } = await addVolunteer({ name: '冯用途', phone: '13811110005' })
    await asAdmin(async (page) => {
      await page.goto(`/admin/volunteers/${id}`)
      await page.locator('[data-test=reveal]').click()
      await page.locator('[data-test=reveal-confirm]').click()
      await page.getByRole('dialog').locator('.el-form-item__error').waitFor()
      assert.equal(await page.locator('[data-test=revealed]').count(), 0)
      await page.locator('textarea[name=purpose]').fill('通知活动改期')
      await page.locator('[data-test=reveal-confirm]').click()
      await page.locator('[data-test=revealed]').waitFor()
      assert.match(await page.locator('[data-fact=phone]').textContent(), /13811110005/)
      // What was revealed is gone with the page.
      await page.reload()
      assert.match(await page.locator('[data-fact=phone]').textContent(), /\*/)
    })
  })
})

describe('a recovery code', () => {
  it('logs in once instead of the authenticator', async () => {
    const person = { username: 'lost.phone', password: PASSWORD }
    const { items } = await api.call('GET', '/admin/roles?limit=100')
    await api.call('POST', '/admin/accounts', {
      ...person,
      must_change_password: false,
      grants: [{ role_id: items.find(({ code }) => code === 'auditor').id, unit_id: 1 }],
    })
    const own = await Api.login(server, person)
    const { secret } = await own.call('POST', '/auth/totp')
    const confirmed = await own.call('POST', '/auth/totp/confirm', { code: totp(secret) })
    const page = await newPage(browser, server)
    try {
      const enter = async () => {
        await signIn(page, person)
        await button(page, '无法使用验证器？改用恢复码').click()
        await page.locator('input[name=recovery_code]').fill(confirmed.recovery_codes[0])
        await page.locator('button[type=submit]').click()
      }
      await enter()
      await heading(page, '总览')
      await page.context().clearCookies()
      await enter()
      await page.getByRole('alert').waitFor()
      await shoot(page, 'login-recovery-refused')
      assertQuiet(page, 401, 422)
    } finally {
      await page.context().close()
    }
  })
})

describe('the settings', () => {
  it('are changed, and the change is seen at once', async () => {
    await asAdmin(async (page) => {
      await page.goto('/admin/settings')
      await page.locator('input[name=organisation_name_zh]').fill('江畔志愿者协会')
      await button(page.locator('form:visible'), '保存').click()
      await page.locator('aside, nav').getByText('江畔志愿者协会').first().waitFor()
      await page.reload()
      assert.equal(await page.locator('input[name=organisation_name_zh]').inputValue(), '江畔志愿者协会')
      await shoot(page, 'settings')
      await page.goto('/admin/settings?tab=people')
      await page.locator('.el-switch').first().click()
      await button(page.locator('form:visible'), '保存').click()
      await page.getByText('已保存').first().waitFor()
    })
    const info = await api.call('GET', '/public/system/info')
    assert.equal(info.organisation_name_zh ?? info.organisation_name, '江畔志愿者协会')
    assert.equal(info.applications_open, false)
  })
})

describe('a custom field', () => {
  it('is made, filled in for a volunteer, changed and deleted', async () => {
    const { id } = await addVolunteer({ name: '卫字段', phone: '13811110006' })
    await asAdmin(async (page) => {
      await page.goto('/admin/settings?tab=fields')
      await button(page, '新增字段').click()
      const drawer = page.locator('.el-drawer:visible')
      const input = (label) => drawer.locator('.el-form-item', { hasText: label }).locator('input').first()
      await input('中文名称').fill('衣服尺码')
      await input('英文名称').fill('Shirt size')
      await input('标识').fill('shirt_size')
      await shoot(page, 'custom-field-new')
      await button(drawer, '保存').click()
      await page.locator('.el-table').getByText('衣服尺码').waitFor()

      await page.goto(`/admin/volunteers/${id}`)
      await page.locator('[data-test=edit]').click()
      await page.getByLabel('衣服尺码').last().fill('XL')
      await page.locator('[data-test=save]').click()
      await page.locator('[data-fact=shirt_size]', { hasText: 'XL' }).waitFor()

      await page.goto('/admin/settings?tab=fields')
      const row = page.locator('.el-table__body tbody tr', { hasText: '衣服尺码' })
      await button(row, '编辑').click()
      await input('中文名称').fill('外套尺码')
      await button(drawer, '保存').click()
      const renamed = page.locator('.el-table__body tbody tr', { hasText: '外套尺码' })
      await button(renamed, '删除').click()
      await page.locator('.el-message-box .el-button--danger').click()
      await renamed.waitFor({ state: 'detached' })
    })
  })
})

const WRITE_WORKBOOK = `
import openpyxl, sys
book = openpyxl.Workbook()
for row in [['姓名', '手机号'], ['褚一行', '13811110011'], ['褚二行', '12'], ['褚三行', '13811110013']]:
    book.active.append(row)
book.save(sys.argv[1])
`

/** Two people, and between them a row that must be refused. */
function workbook() {
  const path = join(folder, '花名册.xlsx')
  execFileSync('/usr/bin/python3', ['-c', WRITE_WORKBOOK, path])
  return path
}

describe('an import of a workbook', () => {
  it('leads to the people that it made, and gives back the refused rows as a workbook', async () => {
    await asAdmin(async (page) => {
      await page.goto('/admin/imports/new')
      await page
        .locator('[data-test=file]')
        .setInputFiles(workbook())
      await page.locator('[data-test=start-preview]').waitFor()
      await choose(page, page.locator('[data-test=import-unit]').first(), '东湖分队')
      await page.locator('[data-test=start-preview]').click()
      await page.locator('[data-test=commit]').waitFor()
      await page.locator('[data-test=consent]').click()
      await page.locator('[data-test=commit]').click()
      await page.locator('[data-test=result]').waitFor()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.locator('[data-test=refused]').click(),
      ])
      const path = join(folder, 'refused.xlsx')
      await download.saveAs(path)
      assert.match(download.suggestedFilename(), /\.xlsx$/)
      assert.ok(statSync(path).size > 1000)

      await page.locator('[data-test=count-create]').click()
      const link = page.locator('[data-test=rows] tbody a').first()
      const name = (await link.textContent()).trim()
      await shoot(page, 'import-result-links')
      await link.click()
      await heading(page, name)
    })
  })
})
