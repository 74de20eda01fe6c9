/**
 * Order of the test files: the longest first, so that no long one is left to run alone at the end. vitest knows how
 * long a file took only where it ran before; a clean clone has this list and the order of folders.
 */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files of more than 30 s on two cores, about the longest first. Files that need the processor and files that wait are
 * in turn, so that some of both run at any time. Few of those that write packages and whole systems start together.
 */
const LONGEST = [
  'test/package/debian-package.long.test.ts',
  'test/e2e/fault-table.long.test.ts',
  'test/crash/images.long.test.ts',
  'test/e2e/retained-commands.long.test.ts',
  'test/crash/fsync-failure.long.test.ts',
  'test/e2e/many-kills.long.test.ts',
  'test/e2e/fault-table-doctor.long.test.ts',
  'test/e2e/modbus-tcp.long.test.ts',
  'test/package/archives.long.test.ts',
  'test/e2e/publish-only.long.test.ts',
  'test/perf/cases.long.test.ts',
  'test/package/booted-system.long.test.ts',
  'test/e2e/poison.long.test.ts',
  'test/sim/many-worlds.long.test.ts',
  'test/package/container.long.test.ts',
  'test/e2e/watchdog.long.test.ts',
  'test/package/arm64.long.test.ts',
  'test/e2e/places.long.test.ts',
  'test/e2e/modbus-rs485.test.ts',
  'test/sim/sabotage.test.ts',
  'test/e2e/slow-card.long.test.ts',
  'test/unit/store/repair/large-quarantine.long.test.ts',
  'test/e2e/silent-answers.long.test.ts',
  'test/e2e/heap-limit.long.test.ts',
  'test/e2e/disk-full.long.test.ts',
  'test/sim/recording.long.test.ts',
  'test/e2e/network-ports.long.test.ts',
  'test/hw/client-fuzz.long.test.ts',
  'test/e2e/readout.test.ts',
  'test/e2e/modbus.test.ts',
  'test/sim/renewals.test.ts',
  'test/e2e/fault-table-hub.test.ts',
  'test/e2e/fault-table-ports.test.ts',
  'test/e2e/firmware.test.ts',
  'test/e2e/dead-letters.test.ts',
  'test/unit/cli/reading-commands.test.ts',
  'test/e2e/config-apply.test.ts',
  'test/e2e/asked-devices.test.ts',
  'test/sim/driver-mix.test.ts',
  'test/e2e/tokens.test.ts',
  'test/e2e/sn-raw.test.ts',
  'test/e2e/json-outputs.test.ts',
  'test/e2e/config-start.test.ts',
  'test/e2e/crash.test.ts',
  'test/hw/client-testbed.test.ts',
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
