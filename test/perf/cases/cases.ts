/** All cases, in the order in which they run. */
import type { BenchCase } from './bench-case.ts';
import { cardCase } from './card-case.ts';
import { ceilingCase } from './ceiling-case.ts';
import { downlinkCases } from './downlink-cases.ts';
import { flowCases } from './flow-cases.ts';
import { lineCases } from './line-cases.ts';
import { linkCases } from './link-cases.ts';
import { machineCase } from './machine-case.ts';
import { memoryCase } from './memory-case.ts';
import { smallCases } from './small-cases.ts';
import { startCases } from './start-cases.ts';

export const cases: readonly BenchCase[] = [
  ...flowCases,
  ceilingCase,
  ...linkCases,
  ...downlinkCases,
  ...startCases,
  ...lineCases,
  ...smallCases,
  cardCase,
  machineCase,
  memoryCase,
];
