/** A hub that loses its answers for some time within one connection: each request is answered later. */
import { expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import { HandWire, ID } from './hand-wire.ts';

const SILENT_MS = 60_000;
const ANSWERING_MS = 5 * 60_000;

/** @returns confirmed announcements while the hub is silent, and after it answers again */
async function confirmations(patch: (gateway: Gateway) => void) {
  const wire = await HandWire.open({ patch });
  wire.world.hub.fault({ kind: 'set', faults: { answers: 'missing' } });
  await wire.connect({ durationS: 3600 });
  await wire.pass(SILENT_MS);
  const { operations } = wire.world.gateway?.stations ?? {};
  const identity = wire.world.config.subdevices.find(({ id }) => id === ID)?.hubIdentity;
  if (operations === undefined || identity === undefined) throw new Error('this hub knows subdevices');
  const [before, unconfirmed] = [operations.isOnlineAtHub(identity), operations.unconfirmed().length];
  wire.world.hub.fault({ kind: 'set', faults: { answers: 'prompt' } });
  await wire.pass(ANSWERING_MS);
  return { before, unconfirmed, after: operations.isOnlineAtHub(identity) };
}

/** Announces subdevices at most five times in a connection. */
function announceFiveTimes({ stations: { operations } }: Gateway): void {
  const next = operations?.next.bind(operations);
  if (operations === undefined || next === undefined) return;
  let announced = 0;
  operations.next = (nowMs) => {
    const request = next(nowMs);
    if (request === undefined || !Buffer.from(request.payload).includes('"online"')) return request;
    announced += 1;
    return announced > 5 ? undefined : request;
  };
}

it('an unanswered announcement is confirmed in the same connection after the hub answers again', async () => {
  expect(await confirmations(() => undefined)).toEqual({ before: undefined, unconfirmed: 1, after: true });
});

it('negative control: it is not confirmed by a gateway that announces at most five times', async () => {
  expect(await confirmations(announceFiveTimes)).toEqual({ before: undefined, unconfirmed: 1, after: undefined });
});
