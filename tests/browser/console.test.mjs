// The console as a person uses it, in Chromium, against the real server.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  ADMIN,
  Api,
  assertQuiet,
  choose,
  heading,
  launchBrowser,
  nextTotpPeriod,
  readText,
  residentId,
  Server,
  shoot,
  signIn,
  totp,
  withPage,
} from './harness.mjs'

const PASSWORD = 'Lake-Side-2026-x'
const VOLUNTEERS = 45

let server
let browser
let api
let folder
const unit = {}

async function addVolunteers() {
  const { privacy_policy_version: version } = await api.call('GET', '/public/system/info')
  const surnames = ['王', '李', '张', '刘', '陈']
  for (let i = 0; i < VOLUNTEERS; i += 1) {
    await api.call('POST', '/admin/volunteers', {
      name: i === 7 ? '欧阳春晓' : `${surnames[i % 5]}志${'一二三四五六七八九'[i % 9]}`,
      gender: i % 2 === 0 ? 'female' : 'male',
      birth_date: `19${70 + (i % 29)}-03-07`,
      phone: `138000${String(10000 + i)}`,
      skills: i % 3 === 0 ? ['急救'] : ['摄影', '驾驶'],
      unit_id: i % 2 === 0 ? unit.east : unit.west,
      consent: { policy_version: version },
    })
  }
}

before(async () => {
  server = await Server.start()
  browser = await launchBrowser()
  api = await Api.login(server)
  folder = mkdtempSync(join(tmpdir(), 'voms-browser-files-'))
  unit.east = (await api.call('POST', '/admin/units', { parent_id: 1, name: '东湖分队' })).id
  unit.west = (await api.call('POST', '/admin/units', { parent_id: 1, name: '西岸分队' })).id
  await addVolunteers()
})

after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await browser?.close()
  await server?.stop()
})

describe('the login', () => {
  it('refuses a wrong password with a message, and takes the right one', async () => {
    await withPage(browser, server, {}, async (page) => {
      await signIn(page, { ...ADMIN, password: 'not the password' })
      await page.getByRole('alert').waitFor()
      await shoot(page, 'login-refused')
      assertQuiet(page, 401)
      await page.locator('input[name=password]').fill(ADMIN.password)
      await page.locator('button[type=submit]').click()
      await heading(page, '总览')
      assert.match(await page.title(), /^总览 · /)
    })
  })

  it('leads on to the page that was asked for, and stays logged in over a reload', async () => {
    await withPage(browser, server, {}, async (page) => {
      await page.goto('/admin/audit')
      await page.waitForURL(/\/admin\/login\?next=/)
      await page.locator('input[name=login]').fill(ADMIN.username)
      await page.locator('input[name=password]').fill(ADMIN.password)
      await page.locator('button[type=submit]').click()
      await heading(page, '审计日志')
      await page.reload()
      await heading(page, '审计日志')
      const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))
      assert.doesNotMatch(stored, /eyJ/, 'a token lies in the storage')
    })
  })

  it('can be seen in English', async () => {
    await withPage(browser, server, {}, async (page) => {
      await page.goto('/admin/login')
      await page.getByRole('heading', { name: '欢迎回来' }).waitFor()
      await shoot(page, 'login')
      await page.getByRole('button', { name: 'English' }).click()
      await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
      assert.equal(await page.locator('html').getAttribute('lang'), 'en')
      await signIn(page)
      await heading(page, 'Overview')
      await shoot(page, 'dashboard-en')
      await page.goto('/admin/volunteers')
      await heading(page, 'Volunteers')
      await shoot(page, 'volunteers-en')
    })
  })
})

describe('the second factor', () => {
  it('is set up in the profile and asked for at the next login', async () => {
    await api.call('POST', '/admin/accounts', {
      username: 'totp.user',
      password: PASSWORD,
      must_change_password: false,
      grants: [{ role_id: await roleId('auditor'), unit_id: 1 }],
    })
    const person = { username: 'totp.user', password: PASSWORD }
    let secret = ''
    await withPage(browser, server, {}, async (page) => {
      await signIn(page, person)
      await page.locator('#main').waitFor()
      await page.waitForURL((url) => !url.pathname.endsWith('/login'))
      await page.goto('/admin/profile')
      await page.locator('[data-test=totp-start]').click()
      secret = (await page.locator('[data-test=totp-secret]').textContent()).trim()
      await page.locator('[data-test=totp] svg').waitFor()
      await shoot(page, 'profile-totp')
      await page.locator('input[name=totp_code]').fill(totp(secret))
      await page.locator('[data-test=totp] button[type=submit]').click()
      const codes = page.locator('[data-test=secrets] span')
      await codes.first().waitFor()
      assert.ok((await codes.count()) >= 8)
    })
    await nextTotpPeriod()
    await withPage(browser, server, {}, async (page) => {
      await signIn(page, person)
      await page.locator('input[name=code]').fill(totp(secret))
      await shoot(page, 'login-second-factor')
      await page.locator('button[type=submit]').click()
      await page.waitForURL((url) => !url.pathname.endsWith('/login'))
      await heading(page, '总览')
    })
  })
})

async function roleId(code) {
  const { items } = await api.call('GET', '/admin/roles?limit=100')
  const role = items.find((item) => item.code === code)
  assert.ok(role, `no role ${code}`)
  return role.id
}

describe('volunteers', () => {
  it('are searched, filtered and paged, with the state in the address', async () => {
    await withPage(browser, server, {}, async (page) => {
      await signIn(page)
      await page.getByRole('link', { name: '志愿者', exact: true }).click()
      await heading(page, '志愿者')
      const rows = page.locator('.el-table__body tbody tr')
      await rows.first().waitFor()
      assert.equal(await rows.count(), 20)
      await shoot(page, 'volunteers')

      await page.locator('[data-test=next-page]').click()
      await page.waitForURL(/cursor=/)
      await page.goBack()
      await page.waitForURL((url) => !url.search.includes('cursor='))

      await choose(page, page.locator('[data-test=filter-unit]').first(), '东湖分队')
      await page.waitForURL(new RegExp(`unit_id=${unit.east}`))
      await page.getByText(`共 ${Math.ceil(VOLUNTEERS / 2)} 条`).waitFor()

      await page.goto('/admin/volunteers')
      await page.locator('input[name=q]').fill('oycx')
      await page.keyboard.press('Enter')
      await page.waitForURL(/q=oycx/)
      await page.getByText('共 1 条').waitFor()
      assert.equal(await rows.count(), 1)
      await page.reload()
      await page.getByRole('link', { name: '欧阳春晓' }).waitFor()

      await page.locator('input[name=q]').fill('nobody-is-called-so')
      await page.keyboard.press('Enter')
      await page.getByText('没有符合条件的数据').waitFor()
      await shoot(page, 'volunteers-empty')
    })
  })

  it('are edited, and what was revealed with a purpose is in the audit log', async () => {
    await withPage(browser, server, {}, async (page) => {
      await signIn(page)
      await page.waitForURL((url) => !url.pathname.endsWith('/login'))
      await page.goto('/admin/volunteers?q=欧阳春晓')
      await page.getByRole('link', { name: '欧阳春晓' }).click()
      await heading(page, '欧阳春晓')
      await page.locator('[data-fact=phone]').waitFor()
      assert.match(await page.locator('[data-fact=phone]').textContent(), /\*/)
      await shoot(page, 'volunteer')

      await page.locator('[data-test=edit]').click()
      await page.locator('.el-drawer input[name=occupation]').fill('图书管理员')
      await shoot(page, 'volunteer-edit')
      await page.locator('[data-test=save]').click()
      await page.getByText('图书管理员').waitFor()

      await page.locator('[data-test=reveal]').click()
      await page.locator('textarea[name=purpose]').fill('核对保险名单')
      await page.locator('[data-test=reveal-confirm]').click()
      await page.locator('[data-test=revealed]').waitFor()
      assert.match(await page.locator('[data-fact=phone]').textContent(), /13800010007/)
      await shoot(page, 'volunteer-revealed')

      await page.goto('/admin/audit?action=volunteer.reveal')
      await page.getByText('核对保险名单').first().waitFor()
      await shoot(page, 'audit')
      await page.goto('/admin/audit?action=volunteer.update')
      await page.locator('.el-table__body tbody tr').first().click()
      await page.locator('[data-test=audit-entry] [data-field=occupation]').waitFor()
      await shoot(page, 'audit-entry')
    })
  })

  it('are entered with a check of the ID number while it is typed', async () => {
    await withPage(browser, server, {}, async (page) => {
      await signIn(page)
      await page.waitForURL((url) => !url.pathname.endsWith('/login'))
      await page.goto('/admin/volunteers/new')
      const number = page.locator('input[name=id_number]')
      await number.fill(`${residentId(123).slice(0, 17)}${residentId(123).endsWith('X') ? '1' : 'X'}`)
      await page.getByText('校验码不符').waitFor()
      await number.fill(residentId(123))
      await page.getByText('1990-03-07 出生').waitFor()
      await page.locator('input[name=name]').fill('周新来')
      await choose(page, page.locator('[data-test=unit]').first(), '西岸分队')
      await page.getByText('本人已阅读并同意').click()
      await shoot(page, 'volunteer-new')
      await page.locator('form button[type=submit]').click()
      await heading(page, '周新来')
    })
  })
})

describe('an import', () => {
  it('goes from the file over mapping and preview to the result', async () => {
    const file = join(folder, '名单.csv')
    const lines = Array.from(
      { length: 300 },
      (_, i) => `导入${String.fromCharCode(0x4e00 + i)},${i === 4 ? '12' : `1390000${1000 + i}`},${i % 2 ? '男' : '女'},备注`,
    )
    writeFileSync(file, `\ufeff姓名,手机号,性别,杂项\r\n${lines.join('\r\n')}\r\n`)
    await withPage(browser, server, {}, async (page) => {
      await signIn(page)
      await page.waitForURL((url) => !url.pathname.endsWith('/login'))
      await page.goto('/admin/imports/new')
      await page.locator('[data-test=file]').waitFor({ state: 'attached' })
      await shoot(page, 'import-upload')
      await page.locator('[data-test=file]').setInputFiles(file)

      await page.locator('[data-test=start-preview]').waitFor()
      assert.match(await page.locator('[data-test=target-0]').first().textContent(), /姓名/)
      await choose(page, page.locator('[data-test=import-unit]').first(), '东湖分队')
      await shoot(page, 'import-mapping')
      await page.locator('[data-test=start-preview]').click()

      await page.locator('[data-test=commit]').waitFor()
      assert.match(await page.locator('[data-test=count-refuse]').textContent(), /[1-9]/)
      await page.locator('[data-test=rows] tbody tr').first().waitFor()
      await shoot(page, 'import-preview')

      // Left and come back to: the wizard is where it was.
      await page.goto('/admin/imports')
      await page.getByRole('link', { name: '名单.csv' }).first().click()
      await page.locator('[data-test=commit]').waitFor()
      await page.locator('[data-test=consent]').click()
      await page.locator('[data-test=commit]').click()

      await page.locator('[data-test=result]').waitFor()
      await page.getByText('导入完成').waitFor()
      await shoot(page, 'import-result')
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.locator('.refused button', { hasText: /^csv$/ }).click(),
      ])
      const path = join(folder, 'refused.csv')
      await download.saveAs(path)
      if (!process.env.VOMS_BROWSER_URL) {
        assert.match(readText(path), /,12,|"12"|\b12\b/)
        await page.goto('/admin/volunteers?q=导入')
        await page.getByText('共 299 条').waitFor()
      }
    })
  })
})

describe('units', () => {
  it('are created, moved and deleted in the tree', async () => {
    await withPage(browser, server, {}, async (page) => {
      await signIn(page)
      await page.waitForURL((url) => !url.pathname.endsWith('/login'))
      await page.goto(`/admin/units?unit=${unit.east}`)
      await page.locator('[data-test=unit-name]', { hasText: '东湖分队' }).waitFor()
      await page.locator('[data-test=unit-add]').click()
      await page.locator('input[name=unit_name]').fill('湖畔小队')
      await page.locator('[data-test=unit-save]').click()
      await page.locator('[data-test=unit-name]', { hasText: '湖畔小队' }).waitFor()
      await shoot(page, 'units')

      await page.locator('[data-test=unit-move]').click()
      await choose(page, page.locator('[data-test=move-parent]').first(), '西岸分队')
      await page.locator('[data-test=move-confirm]').click()
      await page.locator('[data-fact=path]', { hasText: '西岸分队' }).waitFor()

      await page.locator('[data-test=unit-delete]').click()
      await page.locator('.el-message-box .el-button--danger').click()
      await page.locator('[data-test=unit-tree]', { hasText: '湖畔小队' }).waitFor({ state: 'detached' })
    })
  })
})

describe('an account', () => {
  it('is created with a role on a unit, changes its password and sees only that unit', async () => {
    const username = 'east.admin'
    let temporary = ''
    await withPage(browser, server, {}, async (page) => {
      await signIn(page)
      await page.waitForURL((url) => !url.pathname.endsWith('/login'))
      await page.goto('/admin/accounts')
      await page.locator('[data-test=account-new]').click()
      await page.locator('.el-drawer input[name=username]').fill(username)
      await page.locator('.el-drawer input[name=display_name]').fill('东湖管理员')
      temporary = await page.locator('input[name=new_account_password]').inputValue()
      await choose(page, page.locator('[data-test=grant-role]').first(), '单位管理员')
      await choose(page, page.locator('[data-test=grant-unit]').first(), '东湖分队')
      await shoot(page, 'account-new')
      await page.locator('[data-test=account-save]').click()
      await heading(page, '东湖管理员')
      await page.getByText('单位管理员').first().waitFor()
      await shoot(page, 'account')
      await page.goto('/admin/roles')
      await page.getByRole('heading', { name: '权限一览' }).waitFor()
      await shoot(page, 'roles')
    })
    await withPage(browser, server, {}, async (page) => {
      await signIn(page, { username, password: temporary })
      await page.locator('input[name=current_password]').fill(temporary)
      await page.locator('input[name=new_password]').fill(PASSWORD)
      await page.locator('input[name=repeated]').fill(PASSWORD)
      await shoot(page, 'new-password')
      await page.locator('button[type=submit]').click()
      await heading(page, '总览')
      await page.goto('/admin/volunteers')
      await heading(page, '志愿者')
      await page.locator('[data-test=total]').waitFor()
      assert.equal(await page.getByText('西岸分队').count(), 0)
      assert.ok((await page.getByText('东湖分队').count()) > 0)
      assert.equal(await page.getByRole('link', { name: '运行状况', exact: true }).count(), 0)
      await shoot(page, 'volunteers-one-unit')
    })
  })
})

const PAGES = [
  'dashboard',
  'applications',
  'memberships',
  'duplicates',
  'imports',
  'ledger',
  'ledger/entries',
  'ledger/totals',
  'service-records',
  'service-records/list',
  'disputes',
  'working-calendar',
  'notices',
  'notices/preferences',
  'notice-templates',
  'jobs',
  'jobs/dead-letters',
  'schedules',
  'settings',
  'settings?tab=people',
  'settings?tab=hours',
  'settings?tab=privacy',
  'settings?tab=fields',
  'profile',
  'no/such/page',
]
const PHONE_PAGES = [
  'dashboard',
  'units',
  'volunteers',
  'roles',
  'audit',
  'imports/new',
  'profile',
  'ledger',
  'ledger/totals',
  'service-records',
  'disputes',
  'working-calendar',
  'notices',
  'notice-templates',
  'schedules',
]

describe('every page', () => {
  it('opens without a complaint, in both languages', async () => {
    await withPage(browser, server, {}, async (page) => {
      await signIn(page)
      await page.waitForURL((url) => !url.pathname.endsWith('/login'))
      for (const name of ['zh-CN', 'en']) {
        await page.evaluate((language) => localStorage.setItem('voms.language', language), name)
        for (const path of PAGES) {
          await page.goto(`/admin/${path}`)
          await page.locator('#main .card').first().waitFor()
          // The network is never idle: the bell listens.
          await page.locator('.el-skeleton:visible').first().waitFor({ state: 'detached' })
          assert.equal(await page.locator('.problem').count(), 0, `${path} shows a problem`)
          await shoot(page, `page-${path.replaceAll(/\W/g, '-')}-${name}`)
        }
      }
    })
  })

  it('is usable on a phone', async () => {
    await withPage(browser, server, { width: 390, height: 844 }, async (page) => {
      await page.goto('/admin/login')
      await page.locator('input[name=login]').waitFor()
      await shoot(page, 'phone-login')
      await signIn(page)
      await heading(page, '总览')
      await page.getByRole('button', { name: '菜单' }).click()
      await page.locator('.el-drawer').getByRole('link', { name: '单位' }).click()
      await heading(page, '单位')
      for (const path of PHONE_PAGES) {
        await page.goto(`/admin/${path}`)
        await page.locator('#main .card').first().waitFor()
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(wider <= 0, `${path} is ${wider} px too wide`)
        await shoot(page, `phone-${path.replaceAll('/', '-')}`)
      }
      await page.goto('/admin/volunteers')
      await page.locator('.cards li').first().click()
      await page.locator('[data-fact=phone]').waitFor()
      await shoot(page, 'phone-volunteer')
    })
  })
})
