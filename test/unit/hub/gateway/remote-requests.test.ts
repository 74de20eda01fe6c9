/** Requests of the hub to the gateway itself: each runs once, and every other one gets an error with its reason. */
import { describe, expect, it } from 'vitest';
import type { RemoteCommand } from '../../../../src/base/remote-command.ts';
import { HubServices } from '../../../../src/hub/gateway/hub-service.ts';
import { IDS_MAX, RemoteRequests } from '../../../../src/hub/gateway/remote-requests.ts';
import { complaintsAbout } from '../../../json-complaints.ts';

const TOPIC = 'holdfast/gw/request';
const ALLOWED: readonly RemoteCommand[] = ['status', 'restart'];

class Rig {
  readonly station: RemoteRequests;
  /** Requests that must run. */
  readonly accepted: string[] = [];
  readonly rejected: string[] = [];
  nowMs = 0;

  constructor(perMinute = 60) {
    const topics = { filter: TOPIC, answerTopic: () => 'holdfast/gw/answer' };
    this.station = new RemoteRequests({ ...topics, allowed: ALLOWED, perMinute });
  }

  /** @returns the error code of the answer; `undefined`: no answer */
  send(content: unknown, retain = false): string | undefined {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const payload = new TextEncoder().encode(text);
    const message = { topic: TOPIC, payload, qos: 1 as const, ...(retain && { retain: true as const }) };
    for (const event of this.station.onReceived(message, this.nowMs)) {
      if (event.kind === 'remoteCommand') this.accepted.push(event.request.id);
      if (event.kind === 'remoteRejected') this.rejected.push(`${event.id}: ${event.code}`);
    }
    return this.answer()?.error?.code;
  }

  answer():
    | { readonly id: string | null; readonly ok: boolean; readonly error?: { readonly code: string } }
    | undefined {
    const next = this.station.next();
    if (next === undefined) return undefined;
    const text = new TextDecoder().decode(next.payload);
    expect(complaintsAbout(text)).toEqual([]);
    return JSON.parse(text);
  }
}

const request = (id: string, command = 'status') => ({ id, command });

describe('a request', () => {
  it('runs once, however often it comes', () => {
    const rig = new Rig();
    expect([rig.send(request('1')), rig.send(request('1')), rig.send(request('1'), true)]).toEqual([
      undefined,
      'repeated',
      'repeated',
    ]);
    expect(rig.accepted).toEqual(['1']);
    rig.send(request('2'));
    expect(rig.accepted, 'another id is another request (contrary case)').toEqual(['1', '2']);
  });

  it.each([
    ['no JSON', 'status', 'malformed'],
    ['a list', [], 'malformed'],
    ['without an id', { command: 'status' }, 'malformed'],
    ['with a long id', request('x'.repeat(65)), 'malformed'],
    ['with an id for a terminal', request('\u001b[2J'), 'malformed'],
    ['without a command', { id: '1' }, 'malformed'],
    ['with arguments that are a list', { id: '1', command: 'status', args: [] }, 'malformed'],
    ['with more than 4096 bytes', { ...request('1'), args: { pad: 'x'.repeat(4096) } }, 'too-large'],
    ['with an unknown command', request('1', 'rm'), 'unknown-command'],
    ['with a name of every object', request('1', 'constructor'), 'unknown-command'],
    ['with a command that is not allowed', request('1', 'record'), 'not-allowed'],
  ])('%s is answered with its reason, and does not run', (_, content, code) => {
    const rig = new Rig();
    expect(rig.send(content)).toBe(code);
    expect([rig.accepted, rig.rejected.length]).toEqual([[], 1]);
  });

  it('of 4096 bytes is read', () => {
    const rig = new Rig();
    const bare = JSON.stringify({ ...request('1'), args: { pad: '' } }).length;
    rig.send({ ...request('1'), args: { pad: 'x'.repeat(4096 - bare) } });
    expect(rig.accepted).toEqual(['1']);
  });

  it('with RETAIN is remembered beyond all others', () => {
    const rig = new Rig();
    rig.send(request('kept'), true);
    for (let other = 0; other < 2 * IDS_MAX; other += 1) {
      rig.nowMs += 60_000;
      rig.send(request(`other-${other}`));
    }
    expect(rig.send(request('kept'), true)).toBe('repeated');
    expect(rig.station.run.ids).toHaveLength(IDS_MAX);
  });

  it('that an earlier process has run does not run again, and does without the memory (negative control)', () => {
    const first = new Rig();
    first.send(request('1', 'restart'), true);
    const second = new Rig();
    second.station.restore(first.station.run);
    expect([second.send(request('1', 'restart'), true), second.accepted]).toEqual(['repeated', []]);
    const forgetful = new Rig();
    forgetful.send(request('1', 'restart'), true);
    expect(forgetful.accepted).toEqual(['1']);
  });
});

describe('too many requests', () => {
  it('are answered with an error, then not at all, and one event says so', () => {
    const rig = new Rig(2);
    expect([rig.send(request('1')), rig.send(request('2')), rig.send(request('3'))]).toEqual([
      undefined,
      undefined,
      'too-many',
    ]);
    const answers = Array.from({ length: 100 }, (_, index) => rig.send(request(`flood-${index}`)));
    expect(answers.filter((code) => code === 'too-many')).toHaveLength(5);
    expect(answers.filter((code) => code === undefined)).toHaveLength(95);
    expect([rig.accepted, rig.rejected]).toEqual([['1', '2'], ['3: too-many']]);
    rig.nowMs += 29_999;
    expect(rig.send(request('early'))).toBe('too-many');
    rig.nowMs += 1;
    rig.send(request('next'));
    expect(rig.accepted).toEqual(['1', '2', 'next']);
  });
});

describe('answers', () => {
  it('that wait are bounded, and are dropped with the connection; what they start is started', () => {
    const { station } = new Rig();
    const request = { id: '1', command: 'status', args: {}, answerTopic: 'a', isRetained: false } as const;
    let started = 0;
    const start = (): void => {
      started += 1;
    };
    for (let count = 0; count < 20; count += 1) station.answer(request, '{}', start);
    expect(started, 'four of them have no room').toBe(4);
    station.next();
    expect(started).toBe(5);
    station.disconnected();
    expect([started, station.next()]).toEqual([20, undefined]);
  });

  it('to a call of the hub go to the topic of the call, and only calls of the gateway are taken', () => {
    const station = new RemoteRequests({
      ...{ filter: '$rrpc/rxd/P/gw/+', allowed: ALLOWED, perMinute: 10 },
      answerTopic: (topic) => topic.replace('rxd', 'txd'),
    });
    const services = new HubServices([station]);
    const topics = ['$rrpc/rxd/P/gw/17', '$rrpc/rxd/P/gw', '$rrpc/rxd/P/gw/1/2', '$rrpc/rxd/P/other/17', 'x'];
    expect(topics.map((topic) => services.owns(topic))).toEqual([true, false, false, false, false]);
    services.onReceived({ topic: '$rrpc/rxd/P/gw/17', payload: new Uint8Array(0), qos: 0 }, 0);
    expect(services.next(0)?.topic).toBe('$rrpc/txd/P/gw/17');
  });
});
