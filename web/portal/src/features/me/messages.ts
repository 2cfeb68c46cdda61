import { defineMessages } from '@shared/i18n/define'

export default defineMessages(
  {
    title: '我的',
    number: '志愿者编号',
    unit: '所在单位',
    phone: '手机号',
    email: '邮箱',
    language: '语言',
    password: '修改密码',
    signOutSure: '确定退出登录吗？',
    state: {
      applicant: '申请审核中',
      active: '正式志愿者',
      inactive: '非活跃',
      suspended: '已暂停',
      archived: '已归档',
    },
    applicantText: '您的申请正在审核，通过后即可报名活动。',
    console: '管理后台',
  },
  {
    title: 'Me',
    number: 'Volunteer number',
    unit: 'Unit',
    phone: 'Phone',
    email: 'E-mail',
    language: 'Language',
    password: 'Change the password',
    signOutSure: 'Do you want to sign out?',
    state: {
      applicant: 'Applied',
      active: 'Volunteer',
      inactive: 'Not active',
      suspended: 'Suspended',
      archived: 'Archived',
    },
    applicantText: 'Your application is being looked at. Once it is accepted you can sign up.',
    console: 'Console',
  },
)
