import { defineConfig } from 'vitest/config';

/** `npm run test:long`: the same guarantees, many more dice. */
export default defineConfig({
  test: { include: ['test/long/**/*.test.ts'], pool: 'forks', fileParallelism: false, testTimeout: 3_600_000 },
});
