import { defineConfig } from 'vitest/config';

/** Everything that `npm test` runs; what takes minutes is in `vitest.long.config.ts`. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/long/**'],
    pool: 'forks', // PTYs and native code: a file that dies must take nobody with it
    maxWorkers: 3, // end-to-end tests wait most of the time, also on two cores
    testTimeout: 300_000, // a machine with other work is slow, not wrong
    hookTimeout: 300_000,
  },
});
