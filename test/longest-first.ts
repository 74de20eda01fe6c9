/**
 * Order of the test files: the longest first, so that no long one is left to run alone at the end. vitest knows how
 * long a file took only where it ran before; a clean clone has this list and the order of folders.
 */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of more than 25 s on two cores, the longest first. */
const LONGEST = [
  'test/crash/images.long.test.ts',
  'test/crash/fsync-failure.long.test.ts',
  'test/sim/sabotage.test.ts',
  'test/e2e/disk-full.long.test.ts',
  'test/package/booted-system.long.test.ts',
  'test/package/arm64.long.test.ts',
  'test/e2e/places.long.test.ts',
  'test/e2e/poison.long.test.ts',
  'test/e2e/modbus.test.ts',
  'test/hw/client-testbed.test.ts',
  'test/e2e/find-gateway.long.test.ts',
  'test/sim/session-account.long.test.ts',
  'test/e2e/crash.test.ts',
  'test/sim/poison.test.ts',
  'test/e2e/dead-letters.test.ts',
  'test/e2e/sn-raw.test.ts',
];
/** The folders whose tests start processes; the other tests need only CPU time, which the processes leave unused. */
const FOLDERS = ['test/e2e/', 'test/crash/', 'test/hw/', 'test/sim/', 'test/unit/cli/'];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

function placeOf({ moduleId, project }: TestSpecification): number {
  const path = relative(project.config.root, moduleId);
  const named = LONGEST.indexOf(path);
  if (named >= 0) return named - LONGEST.length;
  const folder = FOLDERS.findIndex((prefix) => path.startsWith(prefix));
  return folder < 0 ? FOLDERS.length : folder;
}
