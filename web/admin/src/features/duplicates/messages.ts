import { defineMessages } from '@shared/i18n/define'

export default defineMessages(
  {
    title: '重复档案',
    subtitle: '可能属于同一个人的档案。合并后两份历史都会保留。',
    empty: '没有疑似重复的档案',
    emptyText: '新登记或导入的人员会自动比对。',
  },
  {
    title: 'Duplicates',
    subtitle: 'Files that may belong to one person. Merging keeps both histories.',
    empty: 'No files look like duplicates',
    emptyText: 'New and imported people are compared by themselves.',
  },
)
