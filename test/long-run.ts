/** How much of a test with dice runs: `npm test` takes a sample of what `npm run test:long` tries in full. */
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    readonly isLongRun: boolean;
  }
}

/** True in `npm run test:long`. `vitest.long.config.ts` lists the tests that ask. */
export const IS_LONG_RUN: boolean = inject('isLongRun');
