/** Sentences about an absent hub: they name the place of the messages, and no other. */
import { expect, it } from 'vitest';
import { conditionsOf, type Health } from '../../../../src/ops/conditions/conditions.ts';
import { HEALTHY } from './healthy.ts';

const AWAY = { ...HEALTHY.hub, isOnline: false, problem: 'no route to the host', session: HEALTHY.hub.session };

function awaySentence(change: Partial<Health>): string | undefined {
  return conditionsOf({ ...HEALTHY, hub: AWAY, ...change }).find(({ code }) => code === 'hub-away')?.sentence;
}

it.each([
  ['on disk', {}, /; messages are kept on disk\.$/],
  ['in RAM', { store: { ...HEALTHY.store, volatile: '/run is a tmpfs' } }, /; messages are kept in RAM only\.$/],
  ['nowhere', { storeFullSinceMs: 5000 }, /; the disk is full, and nothing new is accepted\.$/],
] as const)('while the hub is away, its condition says that messages are kept %s', (_, change, words) => {
  expect(awaySentence(change)).toMatch(words);
});
