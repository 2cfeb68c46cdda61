import { defineConfig } from 'vitest/config'

// Each application's tests run with its own configuration; the shared part needs none.
export default defineConfig({
  test: {
    projects: [
      'admin',
      'portal',
      { test: { name: 'shared', environment: 'node', include: ['shared/src/**/*.test.ts'] } },
    ],
  },
})
