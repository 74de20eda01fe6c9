/** The limits of V8's heap in the unit: a flood of the largest packets on 64 links stays far below them. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { largeRing } from '../perf/load/frames.ts';
import { readCost } from '../perf/process-cost.ts';
import { openHoldfast } from '../perf/subjects/holdfast.ts';
import { expectNothingLost } from '../perf/subjects/relay.ts';
import { unitEnvironment } from '../perf/subjects/unit-environment.ts';

const LINKS = 64;
/** MemoryMax of the unit. */
const PEAK_BYTES_MAX = 320 * 1024 * 1024;

it('carries the largest packets of 64 links, also with half of the limit of the unit', async () => {
  const [, limit] = /--max-old-space-size=(\d+)/.exec(unitEnvironment().NODE_OPTIONS ?? '') ?? [];
  const holdfast = await openHoldfast({
    stateRoot: '/var/tmp',
    cacheFolder: join(tmpdir(), 'holdfast-heap-limit'),
    links: LINKS,
    ring: largeRing(),
    link: { packet_bytes_max: 4096 },
    outbox: { messages_max: 1_000_000, bytes_max: 4_000_000_000 },
    // options on the command line win over NODE_OPTIONS
    nodeOptions: [`--max-old-space-size=${Number(limit) / 2}`],
  });
  try {
    await holdfast.load.send(60, { window: 16 });
    await holdfast.hub.close();
    await holdfast.load.send(150, { window: 64 });
    await holdfast.load.pause();
    await holdfast.hub.open();
    await expectNothingLost(holdfast);
    expect(readCost(holdfast.pid).peakRssBytes).toBeLessThan(PEAK_BYTES_MAX);
    expect(await holdfast.process.signal('SIGTERM')).toBe(0);
  } finally {
    await holdfast.close();
  }
});
