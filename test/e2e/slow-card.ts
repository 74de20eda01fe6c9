/** A card with a delay for each commit, built with the machine's C compiler, and its cost for the waiting sides. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';

const SOURCE = fileURLToPath(new URL('./slow-fsync.c', import.meta.url));
/** MQTT-SN has whole seconds; one of them would leave a loaded machine too little time. */
const KEEP_ALIVE_MS = 2000;
/**
 * Longer than any keep alive: the gateway waits 1.5 of them for a subdevice, a simulated subdevice 2 for the gateway.
 */
const COMMIT_MS = 4500;
const LINKS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Reason why no slow card is possible here; `undefined`: it is. Printed. */
export function whyNoSlowCard(): string | undefined {
  try {
    execFileSync('cc', ['--version'], { stdio: 'pipe' });
    return undefined;
  } catch {
    console.warn('skipped: there is no C compiler here to build the slow card with (Debian: gcc, libc6-dev)');
    return 'no compiler';
  }
}

/** Testbed of eight links with windows, on a card that is fast until the test makes it slow. */
export class SlowCardTestbed {
  readonly testbed: Testbed;
  /** Losses in their order: which side lost which. */
  readonly partings: string[] = [];
  readonly #switchPath: string;

  constructor(testbed: Testbed) {
    this.testbed = testbed;
    this.#switchPath = switchPathIn(testbed.folder);
    for (const subdevice of testbed.subdevices)
      subdevice.onReport(({ kind }) => {
        if (kind === 'disconnected') this.partings.push(`${subdevice.id} gave its gateway up`);
      });
  }

  makeSlow(): void {
    writeFileSync(this.#switchPath, '');
  }

  makeQuick(): void {
    rmSync(this.#switchPath);
  }

  /** Durations of commits, and other delays. */
  get delayed(): number {
    return statSync(this.#switchPath).size;
  }
}

export async function openSlowCardTestbed(plan: TestbedPlan = {}): Promise<SlowCardTestbed> {
  const library = buildShim();
  const testbed = await openTestbed({
    subdevices: Object.fromEntries(LINKS.map((id) => [id, { keepAliveMs: KEEP_ALIVE_MS, window: 8 }])),
    config: { hub: { keep_alive_s: KEEP_ALIVE_MS / 1000 }, inbox: { replay_interval_ms: 5 } },
    ...plan,
    envFor: ({ folder }) => ({
      LD_PRELOAD: library,
      SLOW_FSYNC_MS: String(COMMIT_MS),
      SLOW_FSYNC_FROM: switchPathIn(folder),
    }),
  });
  return new SlowCardTestbed(testbed);
}

/** Card for one process: slow from `begin` on. */
export function buildSlowSync(ms: number): {
  readonly env: Readonly<Record<string, string>>;
  readonly begin: () => void;
  readonly end: () => void;
} {
  const library = buildShim();
  const switchPath = `${library}.on`;
  return {
    env: { LD_PRELOAD: library, SLOW_FSYNC_MS: String(ms), SLOW_FSYNC_FROM: switchPath },
    begin: () => writeFileSync(switchPath, ''),
    end: () => rmSync(switchPath),
  };
}

function switchPathIn(folder: string): string {
  return join(folder, 'slow');
}

function buildShim(): string {
  const folder = mkdtempSync('/var/tmp/holdfast-shim-');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const library = join(folder, 'slow-fsync.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl'], { stdio: 'pipe' });
  return library;
}
