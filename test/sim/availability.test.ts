/** Availability in whole worlds with troubles: pace, order and custody hold, and the newest states are the truth. */
import { expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import type { GatewayParts } from '../../src/app/gateway-parts.ts';
import type { TopicMemory } from '../../src/ports.ts';
import { simulate } from './simulate.ts';
import type { Sabotage } from './world.ts';

const GATEWAY = 'holdfast/gw/state';
const topicOf = (id: string): string => `holdfast/gw/${id}/state`;

/** States that gateways have sent, by topic, and the topics on the disk. */
class Field {
  readonly states = new Map<string, string>();
  sent = 0;
  /** States that were sent, and the true ones, when the last gateway began to stop. */
  atStop: { readonly sent: object; readonly truth: object } = { sent: {}, truth: {} };
  #topics: readonly string[] = [];

  get memory(): TopicMemory {
    return {
      topics: this.#topics,
      keep: (topics, done) => {
        this.#topics = topics;
        done();
      },
    };
  }

  readonly sabotage: Sabotage = {
    alter: (parts: GatewayParts) => ({
      ...parts,
      topicMemory: this.memory,
      config: {
        ...parts.config,
        availability: {
          gatewayTopic: GATEWAY,
          subdeviceTopic: topicOf('{subdevice}'),
          onlinePayload: 'online',
          offlinePayload: 'offline',
        },
      },
    }),
    patch: (gateway) => {
      const { hub } = gateway;
      gateway.parts.facts.on('gatewayStopping', () => {
        this.atStop = { sent: Object.fromEntries(this.states), truth: truthOf(gateway) };
      });
      const publish = hub.publish.bind(hub);
      hub.publish = (message, isSuspect) => {
        if (message.retain === true && message.topic.startsWith('holdfast/')) {
          this.sent += 1;
          this.states.set(message.topic, Buffer.from(message.payload).toString());
        }
        publish(message, isSuspect);
      };
    },
  };
}

/** States of the gateway and of its subdevices, while the gateway is connected. */
function truthOf({ stations }: Gateway): object {
  const states = [...stations.registry.all()].map(({ id, isAttached }) => [
    topicOf(id),
    isAttached ? 'online' : 'offline',
  ]);
  return Object.fromEntries([...states, [GATEWAY, 'online']]);
}

it.each([5, 11, 23])('a world with troubles ends with the true states, seed %i', async (seed) => {
  const field = new Field();
  const outcome = await simulate({ seed, hours: 1, trouble: 1 }, field.sabotage);
  expect(outcome.problems).toEqual([]);
  expect(outcome.uplinks).toBeGreaterThan(100);
  expect(field.sent).toBeGreaterThan(20);
  const { sent, truth } = field.atStop;
  expect(Object.keys(truth).length).toBeGreaterThan(2);
  expect(sent).toMatchObject(truth);
  expect(field.states.get(GATEWAY), 'it has stopped in order').toBe('offline');
});
