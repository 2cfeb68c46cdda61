import type { components } from '@shared/api/schema'

type Schemas = components['schemas']

export type StatisticsMonth = Schemas['StatisticsMonth']
export type StatisticsPeriod = Schemas['StatisticsPeriod']
export type StatisticsSummary = Schemas['StatisticsSummary']
export type StatisticsUnit = Schemas['StatisticsUnit']
