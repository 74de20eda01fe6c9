/** Tables and lists of the command line with extreme numbers and long names: plain numbers, at most 80 columns. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CommandContext } from '../../../src/cli/context.ts';
import { showLedger } from '../../../src/cli/show-ledger.ts';
import { showLinks } from '../../../src/cli/show-links.ts';
import { showOutbox } from '../../../src/cli/show-outbox.ts';
import { showSubdevices } from '../../../src/cli/show-subdevices.ts';
import type { Counts } from '../../../src/custody/ledger.ts';
import { AWAY, BALANCED, withControl } from '../ops/api/control-rig.ts';

const SCREENS = { links: showLinks, outbox: showOutbox, subdevices: showSubdevices, ledger: showLedger };
const NAME = 'a-subdevice-with-a-name-of-forty-eight-characters';

/** Numbers that a report can contain; JSON has no NaN. */
const numbers = fc.oneof(
  fc.constantFrom(0, 1, 0.0001, 1e15, 2 ** 53, 1e21, 1e300, -1, -86_400_000),
  fc.double({ noNaN: true, min: -1e300, max: 1e300 }),
);

it.each(Object.keys(SCREENS) as (keyof typeof SCREENS)[])('%s stays readable', async (name) => {
  await withControl(async ({ gateway, socketPath }) => {
    await fc.assert(
      fc.asyncProperty(numbers, numbers, async (one, other) => {
        const draw = (): number => one;
        gateway.facts = {
          ...AWAY,
          outbox: {
            ...AWAY.outbox,
            messages: one,
            onDisk: other,
            bytes: one,
            inFlight: other,
            ratePerS: one,
            etaMs: other,
          },
          links: AWAY.links.map((link) => ({
            ...link,
            name: NAME,
            counters: { ...link.counters, retries: one, crcErrors: other, openings: one, refusedUplinks: other },
            roundTrip: { count: one, p50Ms: other, p99Ms: one },
            rates: link.rates.map((rates) => ({ ...rates, framesIn: one, bytesIn: other })),
            asleep: [{ subdevice: NAME, lostInMs: other }],
          })),
        };
        gateway.readings = BALANCED.map((reading) => ({
          ...reading,
          subdevice: NAME,
          counts: { ...reading.counts, accepted: draw(), delivered: other, shed: { expired: one } } as Counts,
        }));
        const lines: string[] = [];
        const print = (text: string): void => void lines.push(...text.split('\n'));
        const terminal = { width: 80, isScreen: true, print, tone: (_tone: string, text: string) => text };
        const context: CommandContext = { terminal, asJson: false, configPath: '/nowhere', socketPath };
        await SCREENS[name](context);
        expect(lines.length).toBeGreaterThan(0);
        for (const line of lines) {
          expect(line.length).toBeLessThanOrEqual(80);
          expect(line).not.toMatch(/NaN|Infinity|undefined|\[object|\d(\.\d+)?e[+-]?\d/);
          expect(line).not.toMatch(/-\d[\d,.]* (s|min|h|days|B|[KMGT]iB)\b/);
        }
      }),
      { numRuns: 60 },
    );
  });
});
