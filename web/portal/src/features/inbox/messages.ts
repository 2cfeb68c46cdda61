import { defineMessages } from '@shared/i18n/define'

export default defineMessages(
  {
    title: '消息',
    preferences: '通知设置',
    preferencesIntro: '所有通知都会出现在消息中。打开开关的种类还会发送到您的邮箱。',
    noMail: '您尚未填写邮箱，请联系所在单位补充后才能收到邮件。',
    readAll: '全部已读',
    none: '暂无消息',
    unread: '未读',
    count: '{count} 条未读',
  },
  {
    title: 'Inbox',
    preferences: 'Notices',
    preferencesIntro: 'Every notice comes to your inbox. Those switched on come by e-mail too.',
    noMail: 'We have no e-mail address of yours. Ask your unit to add it.',
    readAll: 'Mark all as read',
    none: 'Nothing here yet',
    unread: 'Unread',
    count: '{count} unread',
  },
)
