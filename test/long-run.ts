/** Extent of a test with random input: `npm test` takes a sample of the inputs of `npm run test:long`. */
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    readonly isLongRun: boolean;
  }
}

/** True in `npm run test:long`. `vitest.long.config.ts` lists the tests that use this value. */
export const IS_LONG_RUN: boolean = inject('isLongRun');
