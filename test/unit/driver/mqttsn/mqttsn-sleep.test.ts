import { describe, expect, it } from 'vitest';
import { CONNECT, delivery, LinkBench, puback, publish } from './mqttsn-bench.ts';

const SLEEP = { kind: 'disconnect', durationS: 60 } as const;
const WAKE = { kind: 'pingreq', clientId: 'pump-7' } as const;
const PINGRESP = { kind: 'pingresp' } as const;
const REST = { kind: 'rest', subdevice: 'pump-7' } as const;

function asleep(): LinkBench {
  const bench = new LinkBench().attach(new Map([[5, 'a/b']]), { durationS: 10 });
  bench.say(SLEEP);
  bench.heard();
  bench.reported();
  return bench;
}

function awake(): LinkBench {
  const bench = asleep();
  bench.say(WAKE);
  bench.reported();
  return bench;
}

describe('a subdevice that goes to sleep', () => {
  it('is told DISCONNECT, and is not detached', () => {
    const bench = new LinkBench().attach();
    bench.say(SLEEP);
    expect(bench.heard()).toEqual([{ kind: 'disconnect', durationS: undefined }]);
    expect(bench.reported()).toEqual([{ kind: 'slept', subdevice: 'pump-7', aliveMs: 90_000 }]);
    expect(bench.link.attachedSubdevices()).toEqual(['pump-7']);
  });

  it('with a duration of 0 is gone', () => {
    const bench = new LinkBench().attach();
    bench.say({ kind: 'disconnect', durationS: 0 });
    expect(bench.reported()).toMatchObject([{ kind: 'detach', cause: 'asked' }]);
  });

  it('in the middle of a delivery gives it back after the sleep is known, and hears no repetition', () => {
    const bench = new LinkBench().attach();
    bench.order(delivery(3));
    bench.heard();
    bench.say(SLEEP);
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['slept', 'undelivered']);
    bench.heard();
    bench.after(60_000);
    expect(bench.heard()).toEqual([]);
  });

  it('is delivered nothing', () => {
    const bench = asleep();
    bench.order(delivery(3));
    expect(bench.reported()).toEqual([{ kind: 'undelivered', token: 3, why: 'lost' }]);
    expect(bench.heard()).toEqual([]);
  });

  it('counts as lost after one and a half of its sleep, not of its keep alive', () => {
    const bench = asleep();
    bench.after(89_999);
    expect(bench.reported()).toEqual([]);
    bench.after(1);
    expect(bench.reported()).toMatchObject([{ kind: 'detach', cause: 'keep alive ran out' }]);
  });

  it('sleeps on while its port is gone, and is not called back when it returns', () => {
    const bench = asleep();
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.after(1000);
    bench.input({ kind: 'opened' });
    expect([bench.heard(), bench.reported()]).toEqual([[], []]);
    bench.say(WAKE);
    expect(bench.reported()).toEqual([{ kind: 'woke', subdevice: 'pump-7' }]);
  });

  it('ends its sleep with CONNECT', () => {
    const bench = asleep();
    bench.say(CONNECT);
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['attach']);
    bench.order({ kind: 'attached', subdevice: 'pump-7', answer: { accepted: true, topicIds: new Map() } });
    bench.order(delivery(3));
    expect(bench.heard().map(({ kind }) => kind)).toEqual(['connack', 'publish']);
  });

  it('ends its session with DISCONNECT', () => {
    const bench = asleep();
    bench.say({ kind: 'disconnect', durationS: undefined });
    expect(bench.reported()).toMatchObject([{ kind: 'detach', cause: 'asked' }]);
  });

  it('may publish all the same: what has come is not thrown away', () => {
    const bench = asleep();
    bench.say(publish(4));
    const [report] = bench.reported();
    expect(report).toMatchObject({ kind: 'uplink', subdevice: 'pump-7' });
    if (report?.kind === 'uplink' && report.token !== undefined)
      bench.order({ kind: 'acknowledge', token: report.token });
    expect(bench.heard()).toEqual([puback(4)]);
  });

  it('of whom a restarted gateway knows nothing is told to connect when it wakes', () => {
    const bench = new LinkBench().open();
    bench.say(WAKE);
    expect(bench.heard()).toEqual([{ kind: 'disconnect', durationS: undefined }]);
  });
});

describe('a subdevice that wakes', () => {
  it('gets its PINGRESP only after the last PUBACK of the wake, when the flow says so', () => {
    const bench = asleep();
    bench.say(WAKE);
    expect(bench.reported()).toEqual([{ kind: 'woke', subdevice: 'pump-7' }]);
    bench.order(delivery(1));
    bench.say(WAKE); // impatient
    expect(bench.heard().map(({ kind }) => kind)).toEqual(['publish']);
    expect(bench.reported()).toEqual([]);
    bench.say({ kind: 'puback', topicId: 0x7431, messageId: 1, returnCode: 0 });
    expect(bench.heard()).toEqual([]);
    expect(bench.reported()).toEqual([{ kind: 'delivered', token: 1 }]);
    bench.order(REST);
    expect(bench.heard()).toEqual([PINGRESP]);
  });

  it('is told a topic id by REGISTER before the first PUBLISH with it', () => {
    const bench = awake();
    bench.order(delivery(1, { topic: 'a/b' }));
    expect(bench.heard()).toMatchObject([{ kind: 'register', topicId: 5, topic: 'a/b' }]);
    bench.say({ kind: 'regack', topicId: 5, messageId: 1, returnCode: 0 });
    expect(bench.heard()).toMatchObject([{ kind: 'publish', topic: { type: 'normal', id: 5 } }]);
  });

  it('is not told it again at its next waking: the connection goes on', () => {
    const bench = awake();
    bench.order(delivery(1, { topic: 'a/b' }));
    bench.say({ kind: 'regack', topicId: 5, messageId: 1, returnCode: 0 });
    bench.say({ kind: 'puback', topicId: 5, messageId: 2, returnCode: 0 });
    bench.order(REST);
    bench.say(WAKE);
    bench.heard();
    bench.order(delivery(2, { topic: 'a/b' }));
    expect(bench.heard().map(({ kind }) => kind)).toEqual(['publish']);
  });

  it('and goes quiet in the middle is asleep again without a PINGRESP, and lost when its time is up', () => {
    const bench = awake();
    bench.order(delivery(1));
    bench.after(4000);
    expect(bench.heard().map(({ kind }) => kind)).toEqual(['publish', 'publish', 'publish', 'publish']);
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['slept', 'undelivered']);
    bench.after(86_000);
    expect(bench.reported()).toMatchObject([{ kind: 'detach', cause: 'keep alive ran out' }]);
  });

  it('has its time to be silent from its last waking', () => {
    const bench = asleep();
    bench.after(80_000);
    bench.say(WAKE);
    bench.order(REST);
    bench.reported();
    bench.after(89_999);
    expect(bench.reported()).toEqual([]);
  });

  it('while its port goes away is asleep again', () => {
    const bench = awake();
    bench.order(delivery(1));
    bench.input({ kind: 'closed', reason: 'unplugged' });
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['slept', 'undelivered']);
  });

  it('and says how long it will sleep now has that long', () => {
    const bench = awake();
    bench.say({ kind: 'disconnect', durationS: 600 });
    expect(bench.reported()).toEqual([{ kind: 'slept', subdevice: 'pump-7', aliveMs: 900_000 }]);
  });

  it('under another id, where somebody sleeps, is told to connect, and wakes nobody', () => {
    const bench = asleep();
    bench.say({ kind: 'pingreq', clientId: 'mill-2' });
    expect(bench.heard()).toEqual([{ kind: 'disconnect', durationS: undefined }]);
    expect(bench.reported()).toEqual([]);
  });

  it('though it never slept, gets its PINGRESP at once', () => {
    const bench = new LinkBench().attach();
    bench.say(WAKE);
    expect(bench.heard()).toEqual([PINGRESP]);
  });
});
