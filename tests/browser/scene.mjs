// What tests look at: units, people with logins, activities.

export const PASSWORD = 'Quiet-River-42x'
const MINUTE_MS = 60_000

/** So many minutes from now, as the API writes instants. */
export function instant(minutes) {
  return new Date(Math.floor(Date.now() / MINUTE_MS + minutes) * MINUTE_MS).toISOString()
}

export async function makeUnit(api, name) {
  return (await api.call('POST', '/admin/units', { name, parent_id: 1, applications_open: true })).id
}

/** A volunteer with an account of the same name: { id, number, username }. */
export async function makeVolunteer(api, unitId, username, fields = {}) {
  const { privacy_policy_version: policy } = await api.call('GET', '/public/system/info')
  const volunteer = await api.call('POST', '/admin/volunteers', {
    name: '王芳',
    gender: 'female',
    birth_date: '1994-05-17',
    phone: '+8613900001234',
    unit_id: unitId,
    consent: { policy_version: policy, note: 'signed form' },
    ...fields,
  })
  await api.call('POST', '/admin/accounts', {
    username,
    password: PASSWORD,
    must_change_password: false,
    volunteer_id: volunteer.id,
  })
  return { id: volunteer.id, number: volunteer.number, username }
}

/** Somebody of the staff, as { username, password }. */
export async function makeStaff(api, unitId, username, role) {
  const account = await api.call('POST', '/admin/accounts', {
    username,
    password: PASSWORD,
    must_change_password: false,
  })
  const roles = (await api.call('GET', '/admin/roles?limit=100')).items
  await api.call('POST', `/admin/accounts/${account.id}/grants`, {
    role_id: roles.find(({ code }) => code === role).id,
    unit_id: unitId,
  })
  return { username, password: PASSWORD }
}

/**
 * A published activity, or with `draft` one that is not. `positions` are drafts of positions, `shifts` pairs of minutes from now.
 * Answers { id, positions, shifts } as the API shows them.
 */
export async function makeActivity(api, unitId, { positions, shifts, draft, ...fields }) {
  const activity = await api.call('POST', '/admin/activities', {
    unit_id: unitId,
    name: '滨江公园清洁行动',
    category: '环境保护',
    description: '清理步道与草坪上的垃圾，向游客宣传垃圾分类。\n请穿着便于活动的衣服和防滑鞋。',
    place_name: '滨江公园东门',
    address: '武昌区临江大道 88 号',
    point: { latitude: 30.55, longitude: 114.31 },
    provided: '手套、马甲、饮用水、午餐',
    risk_notice: '沿江步道湿滑，请勿靠近护栏以外的区域。活动期间请听从带队人员安排；如感身体不适，请立即告知工作人员。',
    contact_name: '李雷',
    contact_phone: '027-12345678',
    person_in_charge: '韩梅梅',
    is_volunteer_service: true,
    ...fields,
  })
  const path = `/admin/activities/${activity.id}`
  const made = { id: activity.id, positions: [], shifts: [] }
  for (const position of positions) {
    made.positions.push(await api.call('POST', `${path}/positions`, position))
  }
  for (const [starts, ends] of shifts) {
    const body = { starts_at: instant(starts), ends_at: instant(ends) }
    made.shifts.push(await api.call('POST', `${path}/shifts`, body))
  }
  if (!draft) {
    await api.call('POST', `${path}/publish`)
  }
  return made
}
