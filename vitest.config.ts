import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** Options of both runs. */
export const EVERY_RUN = defineConfig({
  test: {
    pool: 'forks', // PTYs and native code: a process that dies takes only its own file with it
    isolate: false, // each process loads the sources once; no test leaves anything behind in a module
    maxWorkers: 6, // an end-to-end test waits for three quarters of its time, also on two cores
    sequence: { sequencer: LongestFirst },
    // For the tests and for all processes that they start: a third of a start is compiling, and the locale decides on
    // the signs of the output.
    env: { LC_ALL: 'C.UTF-8', NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/holdfast', import.meta.url)) },
    testTimeout: 600_000, // a machine with other work is slow, not wrong
    hookTimeout: 600_000,
    expect: { poll: { timeout: 120_000 } },
  },
});

/** Everything that `npm test` runs; what takes minutes runs in `npm run test:long`. */
export default mergeConfig(
  EVERY_RUN,
  defineConfig({
    test: { include: ['test/**/*.test.ts'], exclude: ['test/**/*.long.test.ts'], provide: { isLongRun: false } },
  }),
);
