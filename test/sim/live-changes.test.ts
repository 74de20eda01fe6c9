/**
 * Live changes of the configuration in whole worlds: links and the hub connection are replaced again and again, during
 * all troubles. No message is lost or reordered, and the ledger balances.
 */
import { expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import { reconfigure } from '../../src/app/reconfigure.ts';
import type { ConfigChange } from '../../src/config/config-changes.ts';
import { ROUGH } from './expect-healthy.ts';
import { randomOf } from './scenario.ts';
import { simulate } from './simulate.ts';
import type { Sabotage } from './world.ts';

/** Longest time between two changes, ms. */
const PAUSE_MS_MAX = 60_000;

/** Change that restarts the hub connection, one link, or nothing. */
function changeOf(gateway: Gateway, draw: number): ConfigChange {
  const base = { key: 'any', change: 'changed', old: null, new: null } as const;
  const { links } = gateway.config;
  const link = links[Math.floor(draw * (links.length + 2))];
  if (link !== undefined) return { ...base, restarts: 'link', links: [link.name] };
  return { ...base, restarts: draw < (links.length + 1) / (links.length + 2) ? 'hub' : 'nothing', links: [] };
}

function withChanges(seed: number, made: { count: number }, alter?: (gateway: Gateway) => void): Sabotage {
  return {
    patch: (gateway) => {
      alter?.(gateway);
      const { clock } = gateway.parts;
      const random = randomOf(seed, `changes from ${clock.nowMs()}`);
      const next = (): void => {
        if (gateway.isStopping) return;
        clock.wakeAt(clock.nowMs() + random() * PAUSE_MS_MAX, () => {
          const changes = [changeOf(gateway, random())];
          const replaced = (): void => {
            made.count += 1;
          };
          const { config } = gateway;
          void reconfigure(gateway, { config, changes, subdeviceSecrets: new Map(), replaced }).then(next);
        });
      };
      next();
    },
  };
}

it('worlds with many troubles and live changes have no problem (seeds 1 to 3)', async () => {
  const made = { count: 0 };
  let uplinks = 0;
  for (let seed = 1; seed <= 3; seed += 1) {
    const outcome = await simulate({ ...ROUGH, seed }, withChanges(seed, made));
    expect(outcome.problems, `seed ${seed}\n${outcome.timeline.slice(-40).join('\n')}`).toEqual([]);
    uplinks += outcome.uplinks;
  }
  expect(made.count).toBeGreaterThan(30);
  expect(uplinks).toBeGreaterThan(150);
});

it('a hub connection that is replaced without being closed is found (negative control)', async () => {
  const made = { count: 0 };
  const careless = ({ hub }: Gateway): void => {
    hub.stop = (_, __, done = () => undefined) => done();
  };
  const outcome = await simulate({ seed: 1, hours: 1, trouble: 0 }, withChanges(1, made, careless));
  expect(outcome.problems).not.toEqual([]);
});
