// The pages that the side navigation offers. A new concept adds a line.
import {
  AlarmClock,
  Avatar,
  Calendar,
  ChatLineSquare,
  Clock,
  CopyDocument,
  DataAnalysis,
  DocumentChecked,
  Folder,
  Key,
  List,
  Message,
  Notebook,
  OfficeBuilding,
  Operation,
  Setting,
  Stopwatch,
  Switch,
  Upload,
  User,
} from '@element-plus/icons-vue'
import type { Component } from 'vue'

export interface NavigationItem {
  route: string
  title: string
  icon: Component
  needs: string | string[]
  /** Path prefix under which the item is shown as the current one. */
  under: string
}

export interface NavigationGroup {
  title: string
  items: NavigationItem[]
}

export const navigation: NavigationGroup[] = [
  {
    title: 'nav.overview',
    items: [
      {
        route: 'dashboard',
        title: 'dashboard.title',
        icon: DataAnalysis,
        needs: 'statistics:read',
        under: '/dashboard',
      },
    ],
  },
  {
    title: 'nav.people',
    items: [
      {
        route: 'volunteers',
        title: 'volunteers.title',
        icon: User,
        needs: 'volunteer:read',
        under: '/volunteers',
      },
      {
        route: 'applications',
        title: 'applications.title',
        icon: DocumentChecked,
        needs: 'application:decide',
        under: '/applications',
      },
      {
        route: 'memberships',
        title: 'memberships.title',
        icon: Switch,
        needs: 'membership:read',
        under: '/memberships',
      },
      {
        route: 'duplicates',
        title: 'duplicates.title',
        icon: CopyDocument,
        needs: 'volunteer:merge',
        under: '/duplicates',
      },
      {
        route: 'imports',
        title: 'imports.title',
        icon: Upload,
        needs: 'volunteer:import',
        under: '/imports',
      },
    ],
  },
  {
    title: 'activities.group',
    items: [
      {
        route: 'activities',
        title: 'activities.title',
        icon: Calendar,
        needs: 'activity:read',
        under: '/activities',
      },
      {
        route: 'projects',
        title: 'projects.title',
        icon: Folder,
        needs: 'activity:read',
        under: '/projects',
      },
      {
        route: 'attendances',
        title: 'presence.title',
        icon: Clock,
        needs: 'attendance:read',
        under: '/attendances',
      },
    ],
  },
  {
    title: 'nav.hours',
    items: [
      {
        route: 'ledger',
        title: 'ledger.title',
        icon: Stopwatch,
        needs: 'ledger:read',
        under: '/ledger',
      },
      {
        route: 'service-records',
        title: 'service_records.title',
        icon: Notebook,
        needs: 'ledger:read',
        under: '/service-records',
      },
      {
        route: 'disputes',
        title: 'disputes.title',
        icon: ChatLineSquare,
        needs: 'ledger:read',
        under: '/disputes',
      },
      {
        route: 'working-calendar',
        title: 'calendar.title',
        icon: Calendar,
        needs: 'ledger:read',
        under: '/working-calendar',
      },
    ],
  },
  {
    title: 'nav.organisation',
    items: [
      {
        route: 'units',
        title: 'units.title',
        icon: OfficeBuilding,
        needs: 'unit:read',
        under: '/units',
      },
      {
        route: 'accounts',
        title: 'accounts.title',
        icon: Avatar,
        needs: 'account:read',
        under: '/accounts',
      },
      { route: 'roles', title: 'roles.title', icon: Key, needs: 'role:read', under: '/roles' },
    ],
  },
  {
    title: 'nav.system',
    items: [
      { route: 'audit', title: 'audit.title', icon: List, needs: 'audit:read', under: '/audit' },
      { route: 'jobs', title: 'jobs.title', icon: Operation, needs: 'job:read', under: '/jobs' },
      {
        route: 'schedules',
        title: 'schedules.title',
        icon: AlarmClock,
        needs: 'job:read',
        under: '/schedules',
      },
      {
        route: 'notice-templates',
        title: 'notices.templates',
        icon: Message,
        needs: 'notice:manage',
        under: '/notice-templates',
      },
      {
        route: 'settings',
        title: 'settings.title',
        icon: Setting,
        needs: 'settings:read',
        under: '/settings',
      },
    ],
  },
]
