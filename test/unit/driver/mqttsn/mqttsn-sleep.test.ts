import { describe, expect, it } from 'vitest';
import { CONNECT, delivery, LinkBench, puback, publish } from './mqttsn-bench.ts';

const SLEEP = { kind: 'disconnect', durationS: 60 } as const;
const WAKE = { kind: 'pingreq', clientId: 'pump-7' } as const;
const PINGRESP = { kind: 'pingresp' } as const;
const REST = { kind: 'rest', subdevice: 'pump-7' } as const;

function asleep(): LinkBench {
  const bench = new LinkBench().attach(new Map([[5, 'a/b']]), { durationS: 10 });
  bench.send(SLEEP);
  bench.received();
  bench.reported();
  return bench;
}

function awake(): LinkBench {
  const bench = asleep();
  bench.send(WAKE);
  bench.reported();
  return bench;
}

describe('a subdevice that goes to sleep', () => {
  it('receives DISCONNECT, and is not detached', () => {
    const bench = new LinkBench().attach();
    bench.send(SLEEP);
    expect(bench.received()).toEqual([{ kind: 'disconnect', durationS: undefined }]);
    expect(bench.reported()).toEqual([{ kind: 'slept', subdevice: 'pump-7', aliveMs: 90_000 }]);
    expect(bench.link.attachedSubdevices()).toEqual(['pump-7']);
  });

  it('with a duration of 0 is detached', () => {
    const bench = new LinkBench().attach();
    bench.send({ kind: 'disconnect', durationS: 0 });
    expect(bench.reported()).toMatchObject([{ kind: 'detach', cause: 'asked' }]);
  });

  it('during a delivery gives it back after the sleep is known, and receives no repetition', () => {
    const bench = new LinkBench().attach();
    bench.command(delivery(3));
    bench.received();
    bench.send(SLEEP);
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['slept', 'undelivered']);
    bench.received();
    bench.after(60_000);
    expect(bench.received()).toEqual([]);
  });

  it('receives no delivery', () => {
    const bench = asleep();
    bench.command(delivery(3));
    expect(bench.reported()).toEqual([{ kind: 'undelivered', token: 3, why: 'lost' }]);
    expect(bench.received()).toEqual([]);
  });

  it('counts as lost after one and a half of its sleep duration, not of its keep alive', () => {
    const bench = asleep();
    bench.after(89_999);
    expect(bench.reported()).toEqual([]);
    bench.after(1);
    expect(bench.reported()).toMatchObject([{ kind: 'detach', cause: 'keep alive ran out' }]);
  });

  it('keeps sleeping while its port is closed, and is not called back when the port opens', () => {
    const bench = asleep();
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.after(1000);
    bench.input({ kind: 'opened' });
    expect([bench.received(), bench.reported()]).toEqual([[], []]);
    bench.send(WAKE);
    expect(bench.reported()).toEqual([{ kind: 'woke', subdevice: 'pump-7' }]);
  });

  it('ends its sleep with CONNECT', () => {
    const bench = asleep();
    bench.send(CONNECT);
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['attach']);
    bench.command({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    bench.command(delivery(3));
    expect(bench.received().map(({ kind }) => kind)).toEqual(['connack', 'publish']);
  });

  it('ends its session with DISCONNECT', () => {
    const bench = asleep();
    bench.send({ kind: 'disconnect', durationS: undefined });
    expect(bench.reported()).toMatchObject([{ kind: 'detach', cause: 'asked' }]);
  });

  it('can publish during its sleep: messages that arrive are not dropped', () => {
    const bench = asleep();
    bench.send(publish(4));
    const [report] = bench.reported();
    expect(report).toMatchObject({ kind: 'uplink', subdevice: 'pump-7' });
    if (report?.kind === 'uplink' && report.token !== undefined)
      bench.command({ kind: 'acknowledge', token: report.token });
    expect(bench.received()).toEqual([puback(4)]);
  });

  it('and is unknown to a restarted gateway receives DISCONNECT when it wakes', () => {
    const bench = new LinkBench().open();
    bench.send(WAKE);
    expect(bench.received()).toEqual([{ kind: 'disconnect', durationS: undefined }]);
  });
});

describe('a subdevice that wakes', () => {
  it('gets its PINGRESP only after the last PUBACK of the waking, when the flow says so', () => {
    const bench = asleep();
    bench.send(WAKE);
    expect(bench.reported()).toEqual([{ kind: 'woke', subdevice: 'pump-7' }]);
    bench.command(delivery(1));
    bench.send(WAKE); // Repeated PINGREQ before the PINGRESP.
    expect(bench.received().map(({ kind }) => kind)).toEqual(['publish']);
    expect(bench.reported()).toEqual([]);
    bench.send({ kind: 'puback', topicId: 0x7431, messageId: 1, returnCode: 0 });
    expect(bench.received()).toEqual([]);
    expect(bench.reported()).toEqual([{ kind: 'delivered', token: 1 }]);
    bench.command(REST);
    expect(bench.received()).toEqual([PINGRESP]);
  });

  it('receives a topic id by REGISTER before the first PUBLISH with it', () => {
    const bench = awake();
    bench.command(delivery(1, { topic: 'a/b' }));
    expect(bench.received()).toMatchObject([{ kind: 'register', topicId: 5, topic: 'a/b' }]);
    bench.send({ kind: 'regack', topicId: 5, messageId: 1, returnCode: 0 });
    expect(bench.received()).toMatchObject([{ kind: 'publish', topic: { type: 'normal', id: 5 } }]);
  });

  it('does not receive the same id again at its next waking: the connection continues', () => {
    const bench = awake();
    bench.command(delivery(1, { topic: 'a/b' }));
    bench.send({ kind: 'regack', topicId: 5, messageId: 1, returnCode: 0 });
    bench.send({ kind: 'puback', topicId: 5, messageId: 2, returnCode: 0 });
    bench.command(REST);
    bench.send(WAKE);
    bench.received();
    bench.command(delivery(2, { topic: 'a/b' }));
    expect(bench.received().map(({ kind }) => kind)).toEqual(['publish']);
  });

  it('and becomes silent during the waking is asleep again without a PINGRESP, and lost when its time has passed', () => {
    const bench = awake();
    bench.command(delivery(1));
    bench.after(4000);
    expect(bench.received().map(({ kind }) => kind)).toEqual(['publish', 'publish', 'publish', 'publish']);
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['slept', 'undelivered']);
    bench.after(86_000);
    expect(bench.reported()).toMatchObject([{ kind: 'detach', cause: 'keep alive ran out' }]);
  });

  it('has its time of silence counted from its last waking', () => {
    const bench = asleep();
    bench.after(80_000);
    bench.send(WAKE);
    bench.command(REST);
    bench.reported();
    bench.after(89_999);
    expect(bench.reported()).toEqual([]);
  });

  it('while its port closes is asleep again', () => {
    const bench = awake();
    bench.command(delivery(1));
    bench.input({ kind: 'closed', reason: 'unplugged' });
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['slept', 'undelivered']);
  });

  it('and sends a new sleep duration has that duration', () => {
    const bench = awake();
    bench.send({ kind: 'disconnect', durationS: 600 });
    expect(bench.reported()).toEqual([{ kind: 'slept', subdevice: 'pump-7', aliveMs: 900_000 }]);
  });

  it('under another id, at the address of a sleeping one, receives DISCONNECT, and wakes no subdevice', () => {
    const bench = asleep();
    bench.send({ kind: 'pingreq', clientId: 'mill-2' });
    expect(bench.received()).toEqual([{ kind: 'disconnect', durationS: undefined }]);
    expect(bench.reported()).toEqual([]);
  });

  it('without having slept gets its PINGRESP at once', () => {
    const bench = new LinkBench().attach();
    bench.send(WAKE);
    expect(bench.received()).toEqual([PINGRESP]);
  });
});
