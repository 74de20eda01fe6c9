import { describe, expect, it } from 'vitest';
import { encodeFrame } from '../../../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../../../src/codec/mqttsn-encode.ts';
import { CONNECT, delivery, LinkBench, publish } from './mqttsn-bench.ts';

const DISCONNECT = { kind: 'disconnect', durationS: undefined } as const;

describe('a connection', () => {
  it('from before a restart is called back when the line opens: exactly one DISCONNECT', () => {
    const bench = new LinkBench();
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    bench.after(250);
    expect(bench.received()).toEqual([{ kind: 'disconnect', durationS: undefined }]);
    bench.send({ kind: 'pingreq', clientId: '' });
    expect(bench.received()).toEqual([]);
  });

  it('is not called back on a line without earlier connections', () => {
    const bench = new LinkBench({ wasInUse: false });
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    bench.after(10_000);
    expect(bench.received()).toEqual([]);
    bench.attach();
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.after(1000);
    bench.input({ kind: 'opened' });
    bench.after(1000);
    expect(bench.received()).toEqual([DISCONNECT]);
  });

  it.each([
    ['at once', []],
    ['twice', [CONNECT]],
    ['after a packet of an earlier connection', [{ kind: 'pingreq', clientId: '' }]],
  ] as const)('that is requested when the line opens, %s, is accepted and receives no DISCONNECT', (_, before) => {
    const bench = new LinkBench();
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    bench.send(...before, CONNECT);
    bench.command({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    bench.after(60_000);
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode: 0 }]);
  });

  it('whose CONNECT arrives in pieces while the line opens receives no DISCONNECT between them', () => {
    const bench = new LinkBench();
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    for (const byte of encodeFrame(encodePacket(CONNECT))) {
      bench.after(100);
      bench.input({ kind: 'bytes', bytes: Uint8Array.of(byte) });
    }
    expect(bench.received()).toEqual([]);
    expect(bench.reported()).toMatchObject([{ kind: 'attach', subdevice: 'pump-7' }]);
  });

  it('is accepted when the flow has attached the subdevice, not before', () => {
    const bench = new LinkBench().open();
    bench.send({ ...CONNECT, clean: true, durationS: 60 });
    expect(bench.reported()).toEqual([
      { kind: 'attach', subdevice: 'pump-7', clean: true, aliveMs: 90_000, will: 'unchanged' },
    ]);
    expect(bench.received()).toEqual([]);
    expect(bench.link.attachedSubdevices()).toEqual([]);
    bench.command({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode: 0 }]);
    expect(bench.link.attachedSubdevices()).toEqual(['pump-7']);
  });

  it.each([
    ['congestion', 1],
    ['not allowed', 3],
  ] as const)('rejected for %s is answered with code %i and never detached', (why, returnCode) => {
    const bench = new LinkBench().open();
    bench.send(CONNECT);
    bench.command({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: false, why } });
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode }]);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['attach']);
  });

  it.each(['', 'a/b', 'a b', '+', 'é', 'x'.repeat(65)])('with the client id %j is not supported', (clientId) => {
    const bench = new LinkBench().open();
    bench.send({ ...CONNECT, clientId });
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode: 3 }]);
    expect(bench.reported()).toEqual([]);
  });

  it('requested twice while the flow decides is attached once', () => {
    const bench = new LinkBench().open();
    bench.send(CONNECT, CONNECT, publish(1));
    expect(bench.reported()).toHaveLength(1);
    bench.command({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode: 0 }]);
    expect(bench.link.counters.unexpectedPackets).toBe(1);
  });

  it('requested with other parameters while the flow decides is attached again after the first answer', () => {
    const bench = new LinkBench().open();
    bench.send(CONNECT, { ...CONNECT, clientId: 'mill-2' }, { ...CONNECT, clientId: 'saw-3' });
    bench.command({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    expect(bench.reported()).toEqual([
      { kind: 'attach', subdevice: 'pump-7', clean: false, aliveMs: 0, will: 'unchanged' },
      { kind: 'detach', subdevice: 'pump-7', cause: 'replaced', aliveUntilMs: undefined },
      { kind: 'attach', subdevice: 'saw-3', clean: false, aliveMs: 0, will: 'unchanged' },
    ]);
    expect(bench.received()).toEqual([]);
  });

  it('lost while the flow decides is detached after the answer', () => {
    const bench = new LinkBench().open();
    bench.send(CONNECT);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.command({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    expect(bench.reported().at(-1)).toEqual({
      kind: 'detach',
      subdevice: 'pump-7',
      cause: 'link closed',
      aliveUntilMs: undefined,
    });
    expect(bench.received()).toEqual([]);
  });

  it('of a dismissed subdevice ends with DISCONNECT and one detach; no other subdevice is dismissed', () => {
    const bench = new LinkBench().attach();
    bench.command({ kind: 'dismiss', subdevice: 'mill-2' });
    expect([bench.received(), bench.reported()]).toEqual([[], []]);
    bench.command({ kind: 'dismiss', subdevice: 'pump-7' });
    expect(bench.received()).toEqual([DISCONNECT]);
    expect(bench.reported()).toEqual([{ kind: 'detach', subdevice: 'pump-7', cause: 'dismissed' }]);
    expect(bench.link.attachedSubdevices()).toEqual([]);
    bench.command({ kind: 'dismiss', subdevice: 'pump-7' });
    expect([bench.received(), bench.reported()]).toEqual([[], []]);
  });

  it('requested again by the same client resumes the session, without a detach', () => {
    const bench = new LinkBench().attach();
    bench.command(delivery(9));
    bench.send(CONNECT);
    expect(bench.reported()).toEqual([
      { kind: 'undelivered', token: 9, why: 'lost' },
      { kind: 'attach', subdevice: 'pump-7', clean: false, aliveMs: 0, will: 'unchanged' },
    ]);
  });

  it('of another client replaces the first', () => {
    const bench = new LinkBench().attach();
    bench.send({ ...CONNECT, clientId: 'mill-2' });
    expect(bench.reported()).toEqual([
      { kind: 'detach', subdevice: 'pump-7', cause: 'replaced', aliveUntilMs: undefined },
      { kind: 'attach', subdevice: 'mill-2', clean: false, aliveMs: 0, will: 'unchanged' },
    ]);
  });

  it('ended by the subdevice is answered when its end is durable, and not before', () => {
    const bench = new LinkBench().attach();
    bench.isReleasing = false;
    bench.send(DISCONNECT, DISCONNECT);
    expect(bench.received()).toEqual([]);
    bench.command({ kind: 'released', subdevice: 'pump-7' }, { kind: 'released', subdevice: 'pump-7' });
    expect(bench.received()).toEqual([DISCONNECT]);
  });

  it('ended and requested again at once gets a CONNACK, not a DISCONNECT', () => {
    const bench = new LinkBench().attach();
    bench.isReleasing = false;
    bench.send(DISCONNECT, CONNECT);
    bench.command({ kind: 'released', subdevice: 'pump-7' });
    expect(bench.received()).toEqual([]);
    bench.command({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    expect(bench.received()).toMatchObject([{ kind: 'connack' }]);
  });

  it('ended by the subdevice before it was accepted is answered as well', () => {
    const bench = new LinkBench().open();
    bench.send(CONNECT, DISCONNECT);
    expect(bench.received()).toEqual([]);
    bench.command({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: false, why: 'congestion' } });
    expect(bench.received()).toEqual([DISCONNECT]);
  });

  it('ended by the subdevice is detached and acknowledged', () => {
    const bench = new LinkBench().attach();
    bench.send(DISCONNECT);
    expect(bench.reported()).toEqual([
      { kind: 'detach', subdevice: 'pump-7', cause: 'asked', aliveUntilMs: undefined },
    ]);
    expect(bench.received()).toEqual([DISCONNECT]);
  });

  it('ends after one and a half keep alives of silence, and any packet prolongs it', () => {
    const bench = new LinkBench().attach(new Map(), { durationS: 10 });
    bench.after(14_999);
    bench.send({ kind: 'pingreq', clientId: '' });
    expect(bench.received()).toEqual([{ kind: 'pingresp' }]);
    bench.after(14_999);
    expect(bench.reported()).toEqual([]);
    bench.after(1);
    expect(bench.reported()).toEqual([
      { kind: 'detach', subdevice: 'pump-7', cause: 'keep alive ran out', aliveUntilMs: bench.nowMs },
    ]);
  });

  it('without a keep alive has no limit of silence', () => {
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
  ] as const)('receives DISCONNECT when it sends $kind', (packet) => {
    const bench = new LinkBench().open();
    bench.send(packet);
    expect(bench.received()).toEqual([DISCONNECT]);
    expect(bench.reported()).toEqual([]);
    expect(bench.link.counters.unexpectedPackets).toBe(1);
  });

  it('receives one DISCONNECT in a retry time, so that a looped-back line has no endless echo', () => {
    const bench = new LinkBench().open();
    bench.send(DISCONNECT, DISCONNECT, DISCONNECT);
    expect(bench.received()).toHaveLength(1);
    bench.after(1000);
    bench.send(DISCONNECT);
    expect(bench.received()).toHaveLength(1);
  });

  it('receives nothing when it sends a packet that only gateways send', () => {
    const bench = new LinkBench().open();
    bench.send({ kind: 'connack', returnCode: 0 }, { kind: 'unsuback', messageId: 1 });
    expect(bench.received()).toEqual([]);
  });

  it('has its commands ignored, and its deliveries given back', () => {
    const bench = new LinkBench().open();
    bench.command({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    bench.command({ kind: 'acknowledge', token: 3 }, { kind: 'refuse', token: 4, why: 'congestion' });
    bench.command({ kind: 'confirm', token: 5 }, delivery(6));
    expect(bench.received()).toEqual([]);
    expect(bench.reported()).toEqual([{ kind: 'undelivered', token: 6, why: 'lost' }]);
  });
});
