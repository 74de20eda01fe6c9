import { describe, expect, it } from 'vitest';
import { encodeFrame } from '../../../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../../../src/codec/mqttsn-encode.ts';
import { CONNECT, delivery, LinkBench, publish } from './mqttsn-bench.ts';

const DISCONNECT = { kind: 'disconnect', durationS: undefined } as const;

describe('a connection', () => {
  it('of before a restart is called back when the line opens: one DISCONNECT, no more', () => {
    const bench = new LinkBench();
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    bench.after(250);
    expect(bench.heard()).toEqual([{ kind: 'disconnect', durationS: undefined }]);
    bench.say({ kind: 'pingreq', clientId: '' });
    expect(bench.heard()).toEqual([]);
  });

  it('of a line on which nobody was connected before is not called back', () => {
    const bench = new LinkBench({ wasInUse: false });
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    bench.after(10_000);
    expect(bench.heard()).toEqual([]);
    bench.attach();
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.after(1000);
    bench.input({ kind: 'opened' });
    bench.after(1000);
    expect(bench.heard()).toEqual([DISCONNECT]);
  });

  it.each([
    ['at once', []],
    ['twice', [CONNECT]],
    ['behind a packet of an earlier connection', [{ kind: 'pingreq', clientId: '' }]],
  ] as const)('that is asked for when the line opens, %s, is accepted and hears no DISCONNECT', (_, before) => {
    const bench = new LinkBench();
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    bench.say(...before, CONNECT);
    bench.order({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    bench.after(60_000);
    expect(bench.heard()).toEqual([{ kind: 'connack', returnCode: 0 }]);
  });

  it('whose CONNECT comes in pieces while the line opens hears no DISCONNECT between them', () => {
    const bench = new LinkBench();
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    for (const byte of encodeFrame(encodePacket(CONNECT))) {
      bench.after(100);
      bench.input({ kind: 'bytes', bytes: Uint8Array.of(byte) });
    }
    expect(bench.heard()).toEqual([]);
    expect(bench.reported()).toMatchObject([{ kind: 'attach', subdevice: 'pump-7' }]);
  });

  it('is accepted when the flow has attached the subdevice, not before', () => {
    const bench = new LinkBench().open();
    bench.say({ ...CONNECT, clean: true, durationS: 60 });
    expect(bench.reported()).toEqual([
      { kind: 'attach', subdevice: 'pump-7', clean: true, aliveMs: 90_000, will: 'unchanged' },
    ]);
    expect(bench.heard()).toEqual([]);
    expect(bench.link.attachedSubdevices()).toEqual([]);
    bench.order({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    expect(bench.heard()).toEqual([{ kind: 'connack', returnCode: 0 }]);
    expect(bench.link.attachedSubdevices()).toEqual(['pump-7']);
  });

  it.each([
    ['congestion', 1],
    ['not allowed', 3],
  ] as const)('refused for %s is answered with code %i and never detached', (why, returnCode) => {
    const bench = new LinkBench().open();
    bench.say(CONNECT);
    bench.order({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: false, why } });
    expect(bench.heard()).toEqual([{ kind: 'connack', returnCode }]);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['attach']);
  });

  it.each(['', 'a/b', 'a b', '+', 'é', 'x'.repeat(65)])('with the client id %j is not supported', (clientId) => {
    const bench = new LinkBench().open();
    bench.say({ ...CONNECT, clientId });
    expect(bench.heard()).toEqual([{ kind: 'connack', returnCode: 3 }]);
    expect(bench.reported()).toEqual([]);
  });

  it('asked for twice while the flow is asked is attached once', () => {
    const bench = new LinkBench().open();
    bench.say(CONNECT, CONNECT, publish(1));
    expect(bench.reported()).toHaveLength(1);
    bench.order({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    expect(bench.heard()).toEqual([{ kind: 'connack', returnCode: 0 }]);
    expect(bench.link.counters.unexpectedPackets).toBe(1);
  });

  it('asked for otherwise while the flow is asked is attached anew, once the first answer is there', () => {
    const bench = new LinkBench().open();
    bench.say(CONNECT, { ...CONNECT, clientId: 'mill-2' }, { ...CONNECT, clientId: 'saw-3' });
    bench.order({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    expect(bench.reported()).toEqual([
      { kind: 'attach', subdevice: 'pump-7', clean: false, aliveMs: 0, will: 'unchanged' },
      { kind: 'detach', subdevice: 'pump-7', cause: 'replaced', aliveUntilMs: undefined },
      { kind: 'attach', subdevice: 'saw-3', clean: false, aliveMs: 0, will: 'unchanged' },
    ]);
    expect(bench.heard()).toEqual([]);
  });

  it('lost while the flow is asked is detached after the answer', () => {
    const bench = new LinkBench().open();
    bench.say(CONNECT);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.order({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    expect(bench.reported().at(-1)).toEqual({
      kind: 'detach',
      subdevice: 'pump-7',
      cause: 'link closed',
      aliveUntilMs: undefined,
    });
    expect(bench.heard()).toEqual([]);
  });

  it('of one that is dismissed ends with DISCONNECT and one detach; nobody else is dismissed', () => {
    const bench = new LinkBench().attach();
    bench.order({ kind: 'dismiss', subdevice: 'mill-2' });
    expect([bench.heard(), bench.reported()]).toEqual([[], []]);
    bench.order({ kind: 'dismiss', subdevice: 'pump-7' });
    expect(bench.heard()).toEqual([DISCONNECT]);
    expect(bench.reported()).toEqual([{ kind: 'detach', subdevice: 'pump-7', cause: 'dismissed' }]);
    expect(bench.link.attachedSubdevices()).toEqual([]);
    bench.order({ kind: 'dismiss', subdevice: 'pump-7' });
    expect([bench.heard(), bench.reported()]).toEqual([[], []]);
  });

  it('made again by the same client is the same session anew, without a detach', () => {
    const bench = new LinkBench().attach();
    bench.order(delivery(9));
    bench.say(CONNECT);
    expect(bench.reported()).toEqual([
      { kind: 'undelivered', token: 9, why: 'lost' },
      { kind: 'attach', subdevice: 'pump-7', clean: false, aliveMs: 0, will: 'unchanged' },
    ]);
  });

  it('of another client replaces the first', () => {
    const bench = new LinkBench().attach();
    bench.say({ ...CONNECT, clientId: 'mill-2' });
    expect(bench.reported()).toEqual([
      { kind: 'detach', subdevice: 'pump-7', cause: 'replaced', aliveUntilMs: undefined },
      { kind: 'attach', subdevice: 'mill-2', clean: false, aliveMs: 0, will: 'unchanged' },
    ]);
  });

  it('ended by the subdevice is answered when its end is durable, and not before', () => {
    const bench = new LinkBench().attach();
    bench.isReleasing = false;
    bench.say(DISCONNECT, DISCONNECT);
    expect(bench.heard()).toEqual([]);
    bench.order({ kind: 'released', subdevice: 'pump-7' }, { kind: 'released', subdevice: 'pump-7' });
    expect(bench.heard()).toEqual([DISCONNECT]);
  });

  it('ended and begun again at once gets no DISCONNECT in the place of its CONNACK', () => {
    const bench = new LinkBench().attach();
    bench.isReleasing = false;
    bench.say(DISCONNECT, CONNECT);
    bench.order({ kind: 'released', subdevice: 'pump-7' });
    expect(bench.heard()).toEqual([]);
    bench.order({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    expect(bench.heard()).toMatchObject([{ kind: 'connack' }]);
  });

  it('ended by the subdevice before it was accepted is answered all the same', () => {
    const bench = new LinkBench().open();
    bench.say(CONNECT, DISCONNECT);
    expect(bench.heard()).toEqual([]);
    bench.order({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: false, why: 'congestion' } });
    expect(bench.heard()).toEqual([DISCONNECT]);
  });

  it('ended by the subdevice is detached and acknowledged', () => {
    const bench = new LinkBench().attach();
    bench.say(DISCONNECT);
    expect(bench.reported()).toEqual([
      { kind: 'detach', subdevice: 'pump-7', cause: 'asked', aliveUntilMs: undefined },
    ]);
    expect(bench.heard()).toEqual([DISCONNECT]);
  });

  it('ends after one and a half keep alives of silence, and any packet prolongs it', () => {
    const bench = new LinkBench().attach(new Map(), { durationS: 10 });
    bench.after(14_999);
    bench.say({ kind: 'pingreq', clientId: '' });
    expect(bench.heard()).toEqual([{ kind: 'pingresp' }]);
    bench.after(14_999);
    expect(bench.reported()).toEqual([]);
    bench.after(1);
    expect(bench.reported()).toEqual([
      { kind: 'detach', subdevice: 'pump-7', cause: 'keep alive ran out', aliveUntilMs: bench.nowMs },
    ]);
  });

  it('without a keep alive outlasts any silence', () => {
    const bench = new LinkBench().attach();
    expect(bench.link.wakeAtMs()).toBeUndefined();
    bench.after(1e9);
    expect(bench.link.attachedSubdevices()).toEqual(['pump-7']);
  });
});

describe('a peer that is not connected', () => {
  it.each([
    publish(1),
    { kind: 'pingreq', clientId: '' },
    { kind: 'register', topicId: 0, messageId: 1, topic: 'a/b' },
    DISCONNECT,
  ] as const)('is told so when it sends $kind', (packet) => {
    const bench = new LinkBench().open();
    bench.say(packet);
    expect(bench.heard()).toEqual([DISCONNECT]);
    expect(bench.reported()).toEqual([]);
    expect(bench.link.counters.unexpectedPackets).toBe(1);
  });

  it('is told so once in a retry time, so that a looped-back line does not echo for ever', () => {
    const bench = new LinkBench().open();
    bench.say(DISCONNECT, DISCONNECT, DISCONNECT);
    expect(bench.heard()).toHaveLength(1);
    bench.after(1000);
    bench.say(DISCONNECT);
    expect(bench.heard()).toHaveLength(1);
  });

  it('hears nothing when it sends what only gateways send', () => {
    const bench = new LinkBench().open();
    bench.say({ kind: 'connack', returnCode: 0 }, { kind: 'unsuback', messageId: 1 });
    expect(bench.heard()).toEqual([]);
  });

  it('has orders for it ignored, and deliveries given back', () => {
    const bench = new LinkBench().open();
    bench.order({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    bench.order({ kind: 'acknowledge', token: 3 }, { kind: 'refuse', token: 4, why: 'congestion' });
    bench.order({ kind: 'confirm', token: 5 }, delivery(6));
    expect(bench.heard()).toEqual([]);
    expect(bench.reported()).toEqual([{ kind: 'undelivered', token: 6, why: 'lost' }]);
  });
});
