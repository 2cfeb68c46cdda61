import { describe, expect, it } from 'vitest'
import { chartOption, percentText, valueText, type ChartData } from './chart_options'

const months: ChartData = {
  labels: ['2026-01', '2026-02'],
  series: [{ name: '时长', kind: 'bar', values: [3, null] }],
}

describe('numbers of the dashboard', () => {
  it.each([
    [null, '—'],
    [0, '0%'],
    [0.0714, '7.1%'],
    [0.8936, '89.4%'],
    [1.25, '125%'],
  ])('%s is %s', (share, text) => {
    expect(percentText(share)).toBe(text)
  })

  it('tells a gap from a zero', () => {
    expect(valueText(null, false)).toBe('—')
    expect(valueText(0, false)).toBe('0')
  })
})

describe('charts', () => {
  it('keep the order of the months, and gaps as gaps', () => {
    const option = chartOption(months)
    expect(option.xAxis).toMatchObject({ type: 'category', data: months.labels })
    expect(option.series).toMatchObject([{ type: 'bar', data: [3, null] }])
    expect(option.legend).toBeUndefined()
  })

  it('count things in whole steps, and shares in per cent', () => {
    expect(chartOption(months).yAxis).toMatchObject({ minInterval: 1 })
    const shares: ChartData = {
      labels: months.labels,
      percent: true,
      series: [{ name: '缺席率', kind: 'line', values: [0.1, 0.2] }],
    }
    expect(chartOption(shares).yAxis).not.toHaveProperty('minInterval')
  })

  it('lie down for long names, the first on top', () => {
    const option = chartOption({
      ...months,
      labels: ['南城区分队', '东湖区分队'],
      horizontal: true,
    })
    expect(option.yAxis).toMatchObject({ type: 'category', inverse: true })
    expect(option.xAxis).toMatchObject({ type: 'value' })
  })
})
