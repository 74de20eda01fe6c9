/** Health telemetry in whole worlds: order, pace, window and custody are those of a world without telemetry. */
import { expect, it } from 'vitest';
import type { GatewayParts } from '../../src/app/gateway-parts.ts';
import { simulate } from './simulate.ts';
import type { Sabotage } from './world.ts';

const TOPIC = 'holdfast/gw/health';
const HOURS = 1;

/** Telemetry once a minute, with documents of the largest size, and a change of a condition at each document. */
function withTelemetry(made: { count: number }): Sabotage {
  return {
    alter: (parts: GatewayParts) => ({
      ...parts,
      config: { ...parts.config, telemetry: { topic: TOPIC, everyMinutes: 1, onChange: true, retain: false } },
    }),
    patch: ({ telemetry, parts }) =>
      telemetry?.attach(() => {
        made.count += 1;
        return new Uint8Array(parts.config.hub.payloadBytesMax);
      }),
  };
}

it('a world with troubles has no problem with telemetry', async () => {
  const made = { count: 0 };
  const outcome = await simulate({ seed: 11, hours: HOURS, trouble: 1 }, withTelemetry(made));
  expect(outcome.problems).toEqual([]);
  expect(outcome.uplinks).toBeGreaterThan(100);
  expect(made.count, 'the hub and the gateway are away for a part of the time').toBeGreaterThan(10);
});

it('documents outside of the pace are found (negative control)', async () => {
  const made = { count: 0 };
  const { alter, patch } = withTelemetry(made);
  const outcome = await simulate(
    { seed: 11, hours: 1, trouble: 0 },
    {
      ...(alter && { alter }),
      patch: (gateway) => {
        patch?.(gateway);
        gateway.parts.facts.on('hubConnected', () => {
          for (let left = 40; left > 0; left -= 1)
            gateway.hub.publish(
              { topic: TOPIC, payload: new Uint8Array(1), qos: 0, packetId: undefined, dup: false },
              false,
            );
        });
      },
    },
  );
  expect(outcome.problems.join('\n')).toMatch(/publishes within a second/);
});
