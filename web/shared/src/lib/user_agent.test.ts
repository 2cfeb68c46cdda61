import { expect, it } from 'vitest'
import { describeUserAgent } from './user_agent'

it.each([
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0',
    'Edge · Windows',
  ],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/130.0 Safari/537.36',
    'Chrome · Linux',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1',
    'Safari · iOS',
  ],
  ['Mozilla/5.0 (Linux; Android 14) Chrome/116.0 Mobile MicroMessenger/8.0', 'WeChat · Android'],
  ['python-requests/2.28', 'python-requests/2.28'],
])('%s', (userAgent, words) => {
  expect(describeUserAgent(userAgent)).toBe(words)
})

it('says when there is none', () => {
  expect(describeUserAgent(null)).toBe('—')
})
