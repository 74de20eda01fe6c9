/** Links whose machines throw: what is ended in their place, and what must not reach the next machine. */
import { expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import type { DriverReport } from '../../../src/driver/driver.ts';
import { LinkEngagements } from '../../../src/flow/link-engagements.ts';
import { LinkRestarts } from '../../../src/flow/links.ts';
import { SetAside } from '../../../src/flow/set-aside.ts';
import { positive } from '../driver/address-book.ts';

const ATTACH = { kind: 'attach', subdevice: 'a', clean: false, aliveMs: 5000, will: 'unchanged' } as const;
const ATTACHED = { kind: 'attached', subdevice: 'a', answer: { accepted: true, topicIds: new Map() } } as const;

function uplink(token: number): DriverReport {
  return { kind: 'uplink', subdevice: 'a', topic: 't', payload: Uint8Array.of(1), qos: 1, token };
}

function delivery(token: number) {
  return { kind: 'deliver', subdevice: 'a', token, topic: 't', payload: Uint8Array.of(1), qos: 1, dup: false } as const;
}

it('an acknowledgement for a publication of the old machine is not passed to the new machine', () => {
  const engagements = new LinkEngagements();
  const old = engagements.reported(uplink(1));
  engagements.renew(undefined, 0);
  const fresh = engagements.reported(uplink(1));
  const [oldToken, freshToken] = [old, fresh].map((report) => (report.kind === 'uplink' ? (report.token ?? 0) : 0));
  expect(oldToken).not.toBe(freshToken);
  for (const kind of ['acknowledge', 'confirm'] as const)
    expect(engagements.translated(positive(kind, 'a', oldToken ?? 0))).toBeUndefined();
  expect(engagements.translated(positive('acknowledge', 'a', freshToken ?? 0))).toEqual(
    positive('acknowledge', 'a', 1),
  );
});

it('pending work of the old machine is ended in its place: first the subdevices, then their deliveries', () => {
  const engagements = new LinkEngagements();
  engagements.reported(ATTACH);
  expect(engagements.translated(ATTACHED)).toBe(ATTACHED);
  for (const token of [1, 2, 3]) engagements.translated(delivery(token));
  engagements.reported({ kind: 'delivered', token: 1 });
  expect(engagements.renew(3, 100)).toEqual([
    { kind: 'detach', subdevice: 'a', cause: 'link closed', aliveUntilMs: 5100 },
    { kind: 'undelivered', token: 2, why: 'lost' },
    { kind: 'undelivered', token: 3, why: 'failed' },
  ]);
  expect(engagements.renew(undefined, 200)).toEqual([]);
});

it('a subdevice that is accepted for a lost machine is not attached at the next one', () => {
  const engagements = new LinkEngagements();
  engagements.reported(ATTACH);
  engagements.renew(undefined, 0);
  expect(engagements.translated(ATTACHED)).toBeUndefined();
  expect(engagements.detach('a', 0)).toMatchObject({ kind: 'detach', subdevice: 'a' });
  engagements.reported(ATTACH);
  expect(engagements.translated(ATTACHED)).toBe(ATTACHED);
});

it('a link starts again after one second, then after growing pauses up to an hour, and soon again after hours without a fault', () => {
  const restarts = new LinkRestarts();
  const pauses = Array.from({ length: 17 }, () => restarts.fault(0));
  expect(pauses.slice(0, 6)).toEqual([1000, 1000, 1000, 2000, 4000, 8000]);
  expect(pauses.at(-1)).toBe(3_600_000);
  expect(restarts.fault(7_200_000)).toBe(7_201_000);
});

it('a message that was set aside is counted and reported in a short text', () => {
  const facts = newFacts();
  const reported: unknown[] = [];
  facts.on('messageSetAside', (fact) => reported.push(fact));
  const setAside = new SetAside(facts);
  setAside.note('hub', { kind: 'unsendable', topic: 'a'.repeat(65_535) }, new Error('no'));
  setAside.note('link-1', { kind: 'bytes', bytes: new Uint8Array(7) }, 'odd');
  setAside.note('link-1', { kind: 'wake' }, undefined);
  expect(reported).toEqual([
    { of: 'hub', what: `a message on ${'a'.repeat(80)}`, why: 'no', endedProcess: false },
    { of: 'link-1', what: '7 received bytes', why: 'odd', endedProcess: false },
    { of: 'link-1', what: 'wake', why: 'undefined', endedProcess: false },
  ]);
  expect(setAside.report).toMatchObject({ times: 3, last: { what: 'wake' } });
});
