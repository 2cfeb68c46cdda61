// Words that every page uses.
import { defineMessages } from '@shared/i18n/define'

export default defineMessages(
  {
    app: {
      name: '志愿服务',
      language: '语言',
      notFound: '页面不存在',
      notFoundText: '地址可能有误，或者内容已被移走。',
      home: '返回首页',
      notVolunteer: '此账号不是志愿者账号',
      notVolunteerText:
        '报名、签到和时长属于志愿者本人。请使用志愿者账号登录；管理工作请前往管理后台。',
      console: '前往管理后台',
    },
    tab: {
      activities: '活动',
      shifts: '我的班次',
      scan: '扫码',
      hours: '时长',
      me: '我的',
      inbox: '消息',
    },
    action: {
      cancel: '取消',
      close: '关闭',
      confirm: '确定',
      goOn: '继续',
      retry: '重试',
      save: '保存',
      saved: '已保存',
      signIn: '登录',
      signOut: '退出登录',
      more: '加载更多',
    },
    list: {
      loading: '加载中…',
      finished: '没有更多了',
      failed: '加载失败，点击重试',
    },
    error: {
      network: '无法连接服务器，请检查网络后重试。',
      unexpected: '出现意外错误，请重试。',
      loadFailed: '加载失败',
      conflict: '内容已被修改，请刷新后重试。',
      tooMany: '操作过于频繁，请在 {seconds} 秒后重试。',
    },
    position: {
      insecure: '无法获取位置：请通过 HTTPS 地址打开本页面。',
      denied: '未获得定位权限，请在浏览器设置中允许后重试。',
      unknown: '暂时无法确定您的位置，请到开阔处重试。',
    },
    unit: { minutes: '{count} 分钟', hours: '{count} 小时', days: '{count} 天' },
  },
  {
    app: {
      name: 'Volunteering',
      language: 'Language',
      notFound: 'Page not found',
      notFoundText: 'The address may be wrong, or what was here has moved.',
      home: 'Back to the start',
      notVolunteer: 'This account is not a volunteer’s',
      notVolunteerText:
        'Sign-ups, attendance and hours belong to a volunteer. Sign in with a volunteer’s account, or go to the console for staff work.',
      console: 'Go to the console',
    },
    tab: {
      activities: 'Activities',
      shifts: 'My shifts',
      scan: 'Scan',
      hours: 'Hours',
      me: 'Me',
      inbox: 'Inbox',
    },
    action: {
      cancel: 'Cancel',
      close: 'Close',
      confirm: 'OK',
      goOn: 'Go on',
      retry: 'Try again',
      save: 'Save',
      saved: 'Saved',
      signIn: 'Sign in',
      signOut: 'Sign out',
      more: 'Show more',
    },
    list: {
      loading: 'Loading…',
      finished: 'That is all',
      failed: 'Could not load. Tap to try again.',
    },
    error: {
      network: 'The server cannot be reached. Check the connection and try again.',
      unexpected: 'Something unexpected happened. Please try again.',
      loadFailed: 'Could not load',
      conflict: 'This was changed meanwhile. Reload and try again.',
      tooMany: 'Too many attempts. Try again in {seconds} seconds.',
    },
    position: {
      insecure: 'Your position cannot be read: open this page through its HTTPS address.',
      denied: 'The browser may not read your position. Allow it in its settings and try again.',
      unknown: 'Your position is not known right now. Try again under the open sky.',
    },
    unit: { minutes: '{count} min', hours: '{count} h', days: '{count} days' },
  },
)
