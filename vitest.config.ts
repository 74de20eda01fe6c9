import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Everything that `npm test` runs; what takes minutes is in `vitest.long.config.ts`. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/long/**'],
    pool: 'forks', // PTYs and native code: a process that dies takes only its own file with it
    isolate: false, // each process loads the sources once; no test leaves anything behind in a module
    maxWorkers: 4, // end-to-end tests wait most of the time, also on two cores
    // For the tests and for all processes that they start: a third of a start is compiling.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/holdfast', import.meta.url)) },
    testTimeout: 300_000, // a machine with other work is slow, not wrong
    hookTimeout: 300_000,
  },
});
