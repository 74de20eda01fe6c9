/** All cases, in the order in which they run. */
import type { BenchCase } from './bench-case.ts';
import { flowCases } from './flow-cases.ts';

export const cases: readonly BenchCase[] = [...flowCases];
