/** Events for readers: filtered before they are formed, and without a listener while no reader follows. */
import { describe, expect, it } from 'vitest';
import { newFacts } from '../../../../src/base/events.ts';
import type { TailEvent } from '../../../../src/ops/api/tail-line.ts';
import { EVENT_NAMES } from '../../../../src/ops/narration.ts';
import { EventTail } from '../../../../src/ops/tail/event-tail.ts';
import { EVERYTHING, type TailRequest } from '../../../../src/ops/tail/tail-request.ts';
import { StepClock } from '../../flow/flow-rig.ts';

const facts = newFacts();
const tail = new EventTail(facts, new StepClock());
const PAYLOAD = new TextEncoder().encode('{"t":21.5}');

/** Events that a reader with this request gets while all kinds of things happen. */
function seen(request: Partial<TailRequest>): TailEvent[] {
  const events: TailEvent[] = [];
  const stop = tail.follow({ ...EVERYTHING, ...request }, (make) => events.push(make()));
  const qos = 1 as const;
  facts.emit('uplinkAccepted', { subdevice: 'a', topic: 'gw/a/t', bytes: 10, qos, payload: PAYLOAD });
  facts.emit('uplinkAccepted', { subdevice: 'b', topic: 'gw/b/t', bytes: 10, qos, payload: PAYLOAD });
  facts.emit('uplinkShed', { subdevice: 'a', topic: 'gw/a/log', reason: 'expired' });
  const receivers = [{ subdevice: { id: 'b' } }, { subdevice: { id: 'c' } }];
  facts.emit('downlinkAccepted', { topic: 'gw/all/cmd', subdevices: 2, qos, payload: PAYLOAD, receivers });
  facts.emit('hubLost', { reason: 'closed' });
  facts.emit('subdeviceAttached', { subdevice: 'a', link: 'l', lasting: true, waiting: 0 });
  stop();
  facts.emit('hubLost', { reason: 'after the end' });
  return events;
}

const namesOf = (request: Partial<TailRequest>): string[] => seen(request).map(({ name }) => name);

describe('a reader', () => {
  it('without filters gets everything', () => {
    expect(namesOf({})).toEqual([
      'uplinkAccepted',
      'uplinkAccepted',
      'uplinkShed',
      'downlinkAccepted',
      'hubLost',
      'subdeviceAttached',
    ]);
  });

  it.each([
    [{ subdevices: ['a'] }, ['uplinkAccepted', 'uplinkShed', 'subdeviceAttached']],
    [{ subdevices: ['c'] }, ['downlinkAccepted']],
    [{ subdevices: ['b', 'c'] }, ['uplinkAccepted', 'downlinkAccepted']],
    [{ topics: ['gw/+/t'] }, ['uplinkAccepted', 'uplinkAccepted']],
    [{ topics: ['gw/a/#'], events: ['shed'] }, ['uplinkShed']],
    [{ direction: 'up' as const }, ['uplinkAccepted', 'uplinkAccepted', 'uplinkShed']],
    [{ direction: 'down' as const }, ['downlinkAccepted']],
    [{ events: ['hub', 'subdeviceAttached'] }, ['hubLost', 'subdeviceAttached']],
    [{ events: ['hub'], direction: 'up' as const }, []],
  ])('with %j gets %j', (request, names) => {
    expect(namesOf(request)).toEqual(names);
  });

  it('gets no payload without a request for payloads', () => {
    for (const event of seen({})) {
      expect(event).not.toHaveProperty('payload');
      expect(Object.keys(event.detail)).not.toEqual(expect.arrayContaining(['payload']));
      expect(Object.keys(event.detail)).not.toEqual(expect.arrayContaining(['receivers']));
    }
  });

  it.each([
    [9, '{"t":21.5'],
    [10, '{"t":21.5}'],
    [11, '{"t":21.5}'],
  ])('with a bound of %i bytes gets %s', (payloadBytes, text) => {
    const [first] = seen({ payloadBytes });
    expect(first?.payload?.bytes).toBe(10);
    expect(Buffer.from(first?.payload?.base64 ?? '', 'base64').toString()).toBe(text);
  });
});

it('no listener is on the facts while no reader follows, and one for any number of readers', () => {
  const counts = (): number => EVENT_NAMES.reduce((sum, name) => sum + facts.listenerCount(name), 0);
  expect(counts()).toBe(0);
  const stops = Array.from({ length: 8 }, () => tail.follow(EVERYTHING, () => undefined));
  expect(counts()).toBe(EVENT_NAMES.length);
  for (const stop of stops) stop();
  expect(counts()).toBe(0);
});

it('an event that no reader has asked for is not formed', () => {
  let formed = 0;
  const stop = tail.follow({ ...EVERYTHING, subdevices: ['other'] }, (make) => {
    formed += 1;
    make();
  });
  facts.emit('uplinkShed', { subdevice: 'a', topic: 't', reason: 'expired' });
  expect(formed).toBe(0);
  facts.emit('uplinkShed', { subdevice: 'other', topic: 't', reason: 'expired' });
  expect(formed).toBe(1);
  stop();
});
