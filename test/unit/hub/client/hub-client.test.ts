import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../src/base/random.ts';
import { HubBench, OPTIONS } from './hub-rig.ts';

const message = { topic: 't', payload: Uint8Array.of(1), retain: false, dup: false };

describe('a connection', () => {
  it('begins with CONNECT: the session and the credentials of the gateway, no will [MQTT-3.1.0-1]', () => {
    const bench = new HubBench().input({ kind: 'start' });
    expect([bench.asked(), bench.sent()]).toEqual([['open'], []]);
    bench.input({ kind: 'opened' });
    expect(bench.sent()).toEqual([
      {
        kind: 'connect',
        clientId: 'gw',
        cleanSession: false,
        keepAliveS: 60,
        username: 'user',
        password: Uint8Array.of(1, 2),
        will: undefined,
      },
    ]);
  });

  it('creates a new signature each time', () => {
    let signed = 0;
    const credentials = () => {
      signed += 1;
      return { clientId: `gw${signed}`, username: undefined, password: undefined };
    };
    const bench = new HubBench({ credentials }).input({ kind: 'start' }, { kind: 'opened' });
    bench.input({ kind: 'closed', reason: 'gone' }).pass(10_000);
    bench.input({ kind: 'opened' });
    expect(bench.sent()).toMatchObject([{ clientId: 'gw1' }, { clientId: 'gw2' }]);
  });

  it.each([true, false])('reports whether the hub has a session: %s', (sessionPresent) => {
    const bench = new HubBench().input({ kind: 'start' }, { kind: 'opened' });
    bench.receive({ kind: 'connack', sessionPresent, returnCode: 0 });
    expect([bench.reports(), bench.client.state]).toEqual([[{ kind: 'online', sessionPresent }], 'online']);
  });

  it.each([1, 2, 3, 4, 5] as const)(
    'rejected with code %i reports the reason and waits for the next attempt',
    (returnCode) => {
      const bench = new HubBench().input({ kind: 'start' }, { kind: 'opened' });
      bench.receive({ kind: 'connack', sessionPresent: false, returnCode });
      const [refused] = bench.reports();
      expect(refused).toMatchObject({
        kind: 'refused',
        code: returnCode,
        reason: expect.stringContaining(`CONNACK ${returnCode}`),
      });
      bench.input({ kind: 'closed', reason: 'closed' });
      expect(bench.reports()).toMatchObject([{ kind: 'offline' }]);
      expect(bench.client.state).toBe('waiting');
    },
  );

  it.each([
    ['a reserved code', '20 02 00 06', /reserved CONNACK return code 6/],
    ['the largest code', '20 02 00 ff', /reserved CONNACK return code 255/],
    ['a refusal with SessionPresent=1', '20 02 01 05', /session present in a rejection \(CONNACK 5\)/],
    ['reserved flags', '20 02 02 00', /reserved CONNACK flags/],
    ['another packet first', 'd0 00', /sent pingresp before CONNACK/],
    ['CONNACK twice', '20 02 00 00 20 02 00 00', /sent CONNACK twice/],
  ])('%s is named, raises no suspicion of a packet, and the pauses grow', (_what, hex, reason) => {
    const bench = new HubBench().input({ kind: 'start' });
    const pauses: number[] = [];
    for (let count = 0; count < 6; count += 1) {
      bench.input({ kind: 'opened' }, { kind: 'bytes', bytes: Buffer.from(hex.replaceAll(' ', ''), 'hex') });
      bench.input({ kind: 'closed', reason: 'closed' });
      const offline = bench.reports().find(({ kind }) => kind === 'offline');
      expect(offline).toMatchObject({ reason: expect.stringMatching(reason), ended: 'otherwise' });
      const attemptAtMs = bench.client.nextAttemptAtMs ?? 0;
      pauses.push(attemptAtMs - bench.nowMs);
      bench.pass(attemptAtMs - bench.nowMs);
    }
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(OPTIONS.reconnect.floorMs);
    expect(pauses.toSorted((left, right) => left - right)).toEqual(pauses);
    expect(pauses.at(-1)).toBe(OPTIONS.reconnect.ceilingMs);
    expect(bench.client.takeovers(bench.nowMs).times).toBe(0);
  });

  it('is started once, however often the start is requested', () => {
    const bench = new HubBench().input({ kind: 'start' }, { kind: 'start' });
    expect(bench.asked()).toEqual(['open']);
    bench.online().input({ kind: 'start' });
    expect([bench.asked(), bench.client.state]).toEqual([[], 'online']);
  });
});

describe('a silent hub', () => {
  it.each([
    ['never accepts the connection', false, 'no connection within 8000 ms'],
    ['accepts TCP and never answers CONNECT', true, 'no CONNACK within 8000 ms'],
  ])('and %s is disconnected after the deadline', (_what, opens, reason) => {
    const bench = new HubBench().input({ kind: 'start' });
    if (opens) bench.pass(3000).input({ kind: 'opened' });
    // a connection that does not open is ended by the channel, which knows the reason; 500 ms later by the client
    bench.pass(opens ? 4999 : 8499);
    bench.asked();
    bench.pass(1);
    expect(bench.asked()).toEqual([`close: ${reason}`]);
  });

  it.each([
    ['subscribe', 'suback'],
    ['unsubscribe', 'unsuback'],
  ] as const)(
    'after %s is reported after the deadline and stays connected; a later answer is accepted',
    (kind, answer) => {
      const bench = new HubBench().online().input({ kind, filter: 'a/b' });
      const [asked] = bench.sent();
      bench.pass(4999);
      expect([bench.asked(), bench.reports()]).toEqual([[], []]);
      bench.pass(1);
      expect(bench.reports()).toEqual([{ kind: 'unanswered', request: kind, filter: 'a/b' }, { kind: 'probed' }]);
      bench.receive({ kind: 'pingresp' }).pass(20_000);
      expect(bench.asked()).toEqual([]);
      const packetId = asked?.kind === kind ? asked.packetId : 0;
      bench.receive(answer === 'suback' ? { kind: answer, packetId, returnCodes: [1] } : { kind: answer, packetId });
      expect(bench.reports().at(-1)).toMatchObject({ kind: `${kind}d`, filter: 'a/b' });
    },
  );

  it('receives a PINGREQ after half the keep alive, and is disconnected without a PINGRESP', () => {
    const bench = new HubBench().online().pass(29_999);
    expect(bench.sent()).toEqual([]);
    bench.pass(1);
    expect(bench.sent()).toEqual([{ kind: 'pingreq' }]);
    bench.pass(4999);
    expect(bench.asked()).toEqual([]);
    bench.pass(1);
    expect(bench.asked()).toEqual(['close: no PINGRESP: the connection is dead']);
  });

  it('that sends messages instead of PINGRESP is alive, and is disconnected nevertheless after six times the wait', () => {
    const bench = new HubBench().online().pass(30_000);
    const publish = { kind: 'publish', topic: 't', payload: new Uint8Array(1), retain: false } as const;
    for (let elapsed = 0; elapsed < 29_000; elapsed += 1000)
      bench.pass(1000).receive({ ...publish, qos: 0, dup: false, packetId: undefined });
    expect(bench.asked().filter((one) => one.startsWith('close'))).toEqual([]);
    bench.pass(1000);
    expect(bench.asked()).toEqual(['close: no PINGRESP: the connection is dead']);
  });

  it('that answers PINGREQ stays connected without limit, and receives a packet within each keep alive [MQTT-3.1.2-23]', () => {
    const bench = new HubBench().online();
    for (let turn = 0; turn < 100; turn += 1) {
      bench.pass(30_000);
      expect(bench.sent()).toEqual([{ kind: 'pingreq' }]);
      bench.receive({ kind: 'pingresp' });
    }
    expect(bench.client.state).toBe('online');
  });

  it('has a longest silence, after which the connection is closed in any case', () => {
    const bench = new HubBench();
    expect(bench.client.silence).toBeUndefined();
    bench.online().pass(10_000).receive({ kind: 'pingresp' });
    expect(bench.client.silence).toEqual({ sinceMs: 10_000, msMax: 60_000 });
    bench.pass(59_999);
    expect(bench.asked()).toEqual(['close: no PINGRESP: the connection is dead']);
    expect(bench.client.silence).toBeUndefined();
    expect(new HubBench({ keepAliveS: 0 }).online().client.silence).toBeUndefined();
  });

  it('is probed on demand, one probe at a time', () => {
    const bench = new HubBench().online().input({ kind: 'probe' }, { kind: 'probe' });
    expect(bench.sent()).toEqual([{ kind: 'pingreq' }]);
  });
});

describe('commands', () => {
  it('are sent as packets', () => {
    const bench = new HubBench().online();
    bench.input(
      {
        kind: 'publish',
        messages: [
          { topic: 't', payload: Uint8Array.of(1), qos: 1, packetId: 7, dup: true },
          { topic: 't', payload: Uint8Array.of(1), qos: 0, packetId: undefined, dup: false, retain: true },
        ],
      },
      { kind: 'puback', packetId: 9 },
    );
    expect(bench.sent()).toEqual([
      { kind: 'publish', ...message, dup: true, qos: 1, packetId: 7 },
      { kind: 'publish', ...message, dup: false, qos: 0, packetId: undefined, retain: true },
      { kind: 'puback', packetId: 9 },
    ]);
  });

  it('are ignored while the hub is away', () => {
    const bench = new HubBench().input({ kind: 'puback', packetId: 9 }, { kind: 'leave', reason: 'x' });
    expect([bench.sent(), bench.asked(), bench.client.state]).toEqual([[], [], 'stopped']);
  });

  it('to subscribe are sent with one filter per packet, eight at a time, with identifiers that no PUBLISH has', () => {
    const bench = new HubBench().online();
    for (let index = 0; index < 10; index += 1) bench.input({ kind: 'subscribe', filter: `f${index}` });
    const asked = bench.sent().flatMap((packet) => (packet.kind === 'subscribe' ? [packet] : []));
    expect(asked).toHaveLength(8);
    for (const { subscriptions, packetId } of asked) {
      expect([subscriptions.length, packetId > 60_000]).toEqual([1, true]);
    }
    const [first] = asked;
    bench.receive({ kind: 'suback', packetId: first?.packetId ?? 0, returnCodes: [0x80] });
    expect(bench.reports()).toEqual([{ kind: 'subscribed', filter: 'f0', answer: 'refused' }]);
    expect(bench.sent()).toMatchObject([{ subscriptions: [{ filter: 'f8', qos: 1 }] }]);
  });

  it('to disconnect close the connection, and the client connects again after the back-off', () => {
    const bench = new HubBench().online().input({ kind: 'leave', reason: 'too fast' });
    expect(bench.asked()).toEqual(['close: too fast']);
    bench.input({ kind: 'closed', reason: 'closed' });
    expect(bench.reports()).toEqual([{ kind: 'offline', reason: 'too fast', ended: 'otherwise', stage: 'accepted' }]);
  });
});

describe('a stop', () => {
  it('sends DISCONNECT and closes, and nothing follows', () => {
    const bench = new HubBench().online().input({ kind: 'stop' });
    expect([bench.sent(), bench.asked()]).toEqual([[{ kind: 'disconnect' }], ['close: the gateway stops']]);
    bench.input({ kind: 'closed', reason: 'closed' }).pass(3_600_000);
    expect([bench.asked(), bench.client.state]).toEqual([[], 'stopped']);
  });

  it('while waiting for the next attempt ends the wait', () => {
    const bench = new HubBench().input({ kind: 'start' }, { kind: 'closed', reason: 'refused' }, { kind: 'stop' });
    bench.asked();
    expect([bench.pass(3_600_000).asked(), bench.client.wakeAtMs()]).toEqual([[], undefined]);
  });
});

describe('a hub that violates the protocol', () => {
  it.each([
    ['sends a message before CONNACK', Uint8Array.of(0x30, 3, 0, 1, 0x74)],
    ['sends a CONNACK of one byte', Uint8Array.of(0x20, 1, 0)],
    ['sends garbage', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff)],
  ])('and %s is disconnected', (_what, bytes) => {
    const bench = new HubBench().input({ kind: 'start' }, { kind: 'opened' });
    bench.asked();
    bench.input({ kind: 'bytes', bytes });
    expect(bench.asked()).toEqual([expect.stringMatching(/^close: the hub /)]);
  });

  it.each([
    ['a second CONNACK', Uint8Array.of(0x20, 2, 0, 0)],
    ['PINGREQ', Uint8Array.of(0xc0, 0)],
    ['a wildcard for a topic', Uint8Array.of(0x30, 3, 0, 1, 0x23)],
  ])('with %s while online is disconnected once, and its later bytes are ignored', (_what, bytes) => {
    const bench = new HubBench().online().input({ kind: 'bytes', bytes }, { kind: 'bytes', bytes });
    expect(bench.asked()).toHaveLength(1);
    expect([bench.reports(), bench.client.state]).toEqual([[], 'closing']);
  });

  it('answers requests that were never sent: ignored', () => {
    const bench = new HubBench().online().input({ kind: 'unsubscribe', filter: 'a' });
    const [asked] = bench.sent();
    const packetId = asked !== undefined && 'packetId' in asked ? (asked.packetId ?? 0) : 0;
    bench.receive({ kind: 'suback', packetId, returnCodes: [1] }, { kind: 'suback', packetId: 1, returnCodes: [1] });
    expect([bench.reports(), bench.asked()]).toEqual([[], []]);
    bench.receive({ kind: 'unsuback', packetId });
    expect(bench.reports()).toEqual([{ kind: 'unsubscribed', filter: 'a' }]);
  });

  it('acknowledges packets that were never sent: reported, for the outbox to ignore', () => {
    const bench = new HubBench().online().receive({ kind: 'puback', packetId: 4711 });
    expect(bench.reports()).toEqual([{ kind: 'acknowledged', packetIds: [4711] }]);
  });

  it('never makes the client throw, for any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (chunks) => {
        const bench = new HubBench().online();
        for (const bytes of chunks) bench.input({ kind: 'bytes', bytes });
        expect(['online', 'closing']).toContain(bench.client.state);
      }),
    );
  });
});

it('no two CONNECTs are sent within the floor, for any errors', () => {
  const event = fc.constantFrom('opened', 'accepted', 'refused', 'garbage', 'cut', 'wait', 'leave');
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.tuple(event, fc.nat(20_000)), { maxLength: 60 }), (seed, events) => {
      const bench = new HubBench({ random: seededRandom(seed) }).input({ kind: 'start' });
      const connectedAtMs: number[] = [];
      for (const [kind, pauseMs] of events) {
        if (kind === 'opened') bench.input({ kind: 'opened' });
        else if (kind === 'accepted') bench.receive({ kind: 'connack', sessionPresent: true, returnCode: 0 });
        else if (kind === 'refused') bench.receive({ kind: 'connack', sessionPresent: false, returnCode: 3 });
        else if (kind === 'garbage') bench.input({ kind: 'bytes', bytes: Uint8Array.of(0xff, 0xff) });
        else if (kind === 'leave') bench.input({ kind: 'leave', reason: 'test' });
        else if (kind === 'cut' && bench.client.state !== 'waiting') bench.input({ kind: 'closed', reason: 'cut' });
        if (bench.client.state === 'closing') bench.input({ kind: 'closed', reason: 'closed' });
        if (bench.sent().some((packet) => packet.kind === 'connect')) connectedAtMs.push(bench.nowMs);
        bench.pass(pauseMs);
      }
      for (const [index, atMs] of connectedAtMs.slice(1).entries())
        expect(atMs - (connectedAtMs[index] ?? 0)).toBeGreaterThanOrEqual(OPTIONS.reconnect.floorMs);
    }),
  );
});
