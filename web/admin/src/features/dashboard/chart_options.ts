// The numbers of the statistics as charts. What is drawn is decided here, without a browser.
import type { ChartOption } from './echarts'

export interface ChartSeries {
  name: string
  values: (number | null)[]
  kind: 'bar' | 'line'
}

export interface ChartData {
  /** What the values belong to: months, or units. */
  labels: string[]
  series: ChartSeries[]
  /** Shares of one, shown as per cent. */
  percent?: boolean
  /** Labels beside horizontal bars: for long names. */
  horizontal?: boolean
}

const COLOURS = ['#1a6b5f', '#c9772b', '#7d9f98', '#b23a2e']
// By name: with "inherit" the library could not measure the labels.
const FONT = 'Inter, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'
const INK = '#586661'
const LINE = '#e6e2d8'

/** A share as per cent with at most one decimal; a dash for what cannot be told. */
export function percentText(share: number | null): string {
  return share === null ? '—' : `${Math.round(share * 1000) / 10}%`
}

export function valueText(value: number | null, percent: boolean): string {
  if (value === null) {
    return '—'
  }
  return percent ? percentText(value) : String(value)
}

/** Only whole numbers of things are counted: an axis up to 1 needs no steps of 0.2. */
function valueAxis(data: ChartData) {
  const values = data.series.flatMap((series) => series.values.map((value) => value ?? 0))
  const whole = data.percent !== true && values.every(Number.isInteger)
  return {
    type: 'value' as const,
    min: 0,
    ...(whole ? { minInterval: 1 } : {}),
    splitNumber: 4,
    axisLabel: {
      color: INK,
      formatter: (value: number) => valueText(value, data.percent === true),
    },
    splitLine: { lineStyle: { color: LINE } },
  }
}

function labelAxis(data: ChartData) {
  return {
    type: 'category' as const,
    data: data.labels,
    // The first of horizontal bars is the uppermost.
    inverse: data.horizontal === true,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: LINE } },
    axisLabel: {
      color: INK,
      ...(data.horizontal === true ? { width: 120, overflow: 'truncate' as const } : {}),
    },
  }
}

function seriesOf(data: ChartData, series: ChartSeries): NonNullable<ChartOption['series']> {
  const common = { name: series.name, data: series.values }
  return series.kind === 'bar'
    ? {
        ...common,
        type: 'bar',
        barMaxWidth: 22,
        itemStyle: { borderRadius: data.horizontal === true ? [0, 4, 4, 0] : [4, 4, 0, 0] },
      }
    : { ...common, type: 'line', symbolSize: 6, lineStyle: { width: 2.5 } }
}

export function chartOption(data: ChartData): ChartOption {
  const percent = data.percent === true
  return {
    color: COLOURS,
    animation: false,
    textStyle: { fontFamily: FONT },
    grid: {
      top: data.series.length > 1 ? 36 : 14,
      left: 4,
      right: 14,
      bottom: 2,
      containLabel: true,
    },
    ...(data.series.length > 1
      ? { legend: { top: 0, left: 0, icon: 'roundRect', itemWidth: 12, itemHeight: 8 } }
      : {}),
    tooltip: {
      trigger: 'axis',
      axisPointer: { type: data.series.some(({ kind }) => kind === 'bar') ? 'shadow' : 'line' },
      valueFormatter: (value) => valueText(typeof value === 'number' ? value : null, percent),
    },
    ...(data.horizontal === true
      ? { xAxis: valueAxis(data), yAxis: labelAxis(data) }
      : { xAxis: labelAxis(data), yAxis: valueAxis(data) }),
    series: data.series.map((series) => seriesOf(data, series)) as ChartOption['series'],
  }
}
