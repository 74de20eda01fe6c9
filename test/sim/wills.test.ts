/** Wills through a whole gateway: published only when a subdevice is lost, and as durable as its session. */
import { describe, expect, it } from 'vitest';
import type { EnvelopeForm } from '../../src/base/envelope-form.ts';
import type { Qos } from '../../src/base/message.ts';
import type { ConnectPacket, Packet } from '../../src/codec/mqttsn-packets.ts';
import { HandWire, ID, kindsOf } from './hand-wire.ts';
import type { Sabotage } from './world.ts';

const GOODBYE: Packet = { kind: 'disconnect', durationS: undefined };

async function connectWithWill(
  wire: HandWire,
  text: string,
  fields: Partial<ConnectPacket> = {},
  qos: Qos = 1,
): Promise<void> {
  const connect = { kind: 'connect', will: true, clean: false, durationS: 60, clientId: ID, ...fields } as const;
  expect(kindsOf(await wire.send([connect]))).toEqual(['willtopicreq']);
  const topic = { qos, retain: false, topic: 'gone' };
  expect(kindsOf(await wire.send([{ kind: 'willtopic', will: topic }]))).toEqual(['willmsgreq']);
  const heard = await wire.send([{ kind: 'willmsg', payload: new TextEncoder().encode(text) }]);
  expect(heard).toEqual([{ kind: 'connack', returnCode: 0 }]);
}

async function connected(fields: Partial<ConnectPacket> = {}): Promise<HandWire> {
  const wire = await HandWire.open();
  await connectWithWill(wire, 'lost', fields);
  return wire;
}

const LOST = [['gone', 'lost']];
/** Payload that fits in 1024 bytes, and not with an envelope. */
const LARGE = 'x'.repeat(900);

/** Gateway for a hub that accepts 1024 bytes. */
function withEnvelope(envelope: EnvelopeForm): Sabotage {
  return {
    alter: (parts) => {
      const { hub, outbox, links } = parts.config;
      const config = {
        ...parts.config,
        hub: { ...hub, payloadBytesMax: 1024 },
        outbox: { ...outbox, envelope },
        links: links.map((link) => ({ ...link, envelope })),
      };
      return { ...parts, config };
    },
  };
}

describe('a will', () => {
  it('is published once, after one and a half keep alives', async () => {
    const wire = await connected();
    await wire.pass(85_000);
    expect(wire.arrived).toEqual([]);
    await wire.pass(10_000);
    expect(wire.arrived).toEqual(LOST);
    await wire.pass(600_000);
    expect(wire.arrived).toEqual(LOST);
  });

  it('that is too large with its envelope is refused when it comes', async () => {
    const wire = await HandWire.open(withEnvelope('json'));
    await expect(connectWithWill(wire, LARGE)).rejects.toThrow();
    await connectWithWill(wire, 'lost');
    await wire.pass(100_000);
    expect(wire.arrived.map(([topic, text = '']) => [topic, JSON.parse(text).payload])).toEqual(LOST);
  });

  it.each([0, 1] as const)('of QoS %d is published as it came if its envelope was switched on later', async (qos) => {
    const wire = await HandWire.open(withEnvelope('none'));
    await connectWithWill(wire, LARGE, {}, qos);
    const { config, stations } = wire.world.gateway ?? {};
    if (config === undefined) throw new Error('no gateway');
    const { outbox, links } = config;
    const byLink = new Map(links.map(({ name }) => [name, 'json'] as const));
    stations?.outbox.payloads.set({ form: 'json', byLink, names: outbox.envelopeNames, documents: new Map() });
    await wire.pass(100_000);
    expect(wire.arrived).toEqual([['gone', LARGE]]);
  });

  it('is not published after DISCONNECT', async () => {
    const wire = await connected();
    await wire.send([GOODBYE], 600_000);
    expect(wire.arrived).toEqual([]);
  });

  it('is published when the subdevice does not answer', async () => {
    const wire = await connected({ durationS: 0 });
    await wire.send([{ kind: 'subscribe', dup: false, qos: 1, messageId: 1, filter: { type: 'name', name: 'cmd/x' } }]);
    wire.hubSends('cmd/x', 'are you there?');
    await wire.pass(10_000);
    expect(wire.arrived).toEqual(LOST);
  });

  it('is published for a lost sleeping subdevice, after one and a half sleep durations', async () => {
    const wire = await connected();
    await wire.send([{ kind: 'disconnect', durationS: 600 }], 890_000);
    expect(wire.arrived).toEqual([]);
    await wire.pass(12_000);
    expect(wire.arrived).toEqual(LOST);
  });

  it('is not published for a port that was missing for less than the keep alive', async () => {
    const wire = await connected();
    wire.world.cabling.lineAt(0).unplug();
    await wire.pass(50_000);
    wire.world.cabling.lineAt(0).plug();
    await wire.pass(30_000);
    await wire.plug();
    await wire.connect();
    await wire.pass(60_000);
    expect(wire.arrived).toEqual([]);
  });

  it('is published for a port that is missing for longer', async () => {
    const wire = await connected();
    wire.world.cabling.lineAt(0).unplug();
    await wire.pass(95_000);
    expect(wire.arrived).toEqual(LOST);
  });

  it('of a lasting session is published after a restart of the gateway if the subdevice does not connect again', async () => {
    const wire = await connected();
    await wire.restartGateway();
    await wire.pass(70_000);
    expect(wire.arrived).toEqual([]);
    await wire.pass(30_000);
    expect(wire.arrived).toEqual(LOST);
  });

  it('is not published after a restart for a subdevice that connects again or had sent DISCONNECT', async () => {
    const back = await connected();
    await back.restartGateway();
    await back.connect({ durationS: 0 });
    const away = await connected();
    await away.send([GOODBYE]);
    await away.restartGateway();
    for (const wire of [back, away]) {
      await wire.pass(600_000);
      expect(wire.arrived).toEqual([]);
    }
  });

  it('belongs to the session: a later connection without the flag keeps it', async () => {
    const wire = await connected();
    await wire.send([GOODBYE]);
    await wire.restartGateway();
    await wire.connect();
    await wire.pass(100_000);
    expect(wire.arrived).toEqual(LOST);
  });

  it('ends with a clean session', async () => {
    const wire = await connected();
    await wire.connect({ clean: true });
    await wire.pass(100_000);
    expect(wire.arrived).toEqual([]);
  });

  it('of a clean session is published when its subdevice is lost', async () => {
    const wire = await connected({ clean: true });
    await wire.pass(100_000);
    expect(wire.arrived).toEqual(LOST);
  });

  it('can be changed in topic and message, and is deleted by an empty topic', async () => {
    const wire = await connected();
    const changed = await wire.send([
      { kind: 'willtopicupd', will: { qos: 1, retain: false, topic: 'off' } },
      { kind: 'willmsgupd', payload: new TextEncoder().encode('changed') },
    ]);
    expect(changed).toEqual([
      { kind: 'willtopicresp', returnCode: 0 },
      { kind: 'willmsgresp', returnCode: 0 },
    ]);
    await wire.restartGateway();
    await wire.pass(100_000);
    expect(wire.arrived).toEqual([['off', 'changed']]);
    await wire.connect();
    await wire.send([{ kind: 'willtopicupd', will: undefined }], 100_000);
    expect(wire.arrived).toHaveLength(1);
  });

  it('may be set by an update only, and is durable too', async () => {
    const wire = await HandWire.open();
    await wire.connect();
    await wire.send([
      { kind: 'willtopicupd', will: { qos: 1, retain: false, topic: 'gone' } },
      { kind: 'willmsgupd', payload: new TextEncoder().encode('lost') },
    ]);
    await wire.restartGateway();
    await wire.pass(100_000);
    expect(wire.arrived).toEqual(LOST);
  });

  it('waits in custody while the hub is away', async () => {
    const wire = await connected();
    wire.world.hub.leave();
    await wire.pass(100_000);
    await wire.restartGateway();
    expect(wire.arrived).toEqual([]);
    wire.world.hub.repair();
    await wire.pass(120_000);
    expect(wire.arrived).toEqual(LOST);
  });

  it('waits while the outbox is full, and is published even if its subdevice connects again meanwhile', async () => {
    let isFull = true;
    const wire = await HandWire.open({
      patch: ({ stations }) => {
        const { outbox } = stations;
        const admit = outbox.admit.bind(outbox);
        outbox.admit = (offer, nowMs) => (isFull ? { kind: 'refused', why: 'congestion' } : admit(offer, nowMs));
      },
    });
    await connectWithWill(wire, 'lost');
    await wire.pass(100_000);
    await wire.connect({ durationS: 0 });
    expect(wire.arrived).toEqual([]);
    isFull = false;
    await wire.pass(10_000);
    expect(wire.arrived).toEqual(LOST);
    await wire.pass(600_000);
    expect(wire.arrived).toEqual(LOST);
  });

  it('that the hub does not accept is rejected, and so is a message without a will', async () => {
    const wire = await HandWire.open();
    const topic = { qos: 1, retain: false, topic: '$gateway/operation/x' } as const;
    const connect = { kind: 'connect', will: true, clean: false, durationS: 60, clientId: ID } as const;
    const heard = await wire.send([
      connect,
      { kind: 'willtopic', will: topic },
      { kind: 'willmsg', payload: new Uint8Array(0) },
    ]);
    expect(heard.at(-1)).toEqual({ kind: 'connack', returnCode: 3 });
    await wire.connect();
    expect(await wire.send([{ kind: 'willmsgupd', payload: new Uint8Array(0) }])).toEqual([
      { kind: 'willmsgresp', returnCode: 3 },
    ]);
  });
});

describe('negative control', () => {
  it('a will that is not on disk is lost with the gateway', async () => {
    const wire = await HandWire.open({
      alter: (parts) => ({
        ...parts,
        openStore: async (listener) => {
          const { store, opening } = await parts.openStore(listener);
          return { store, opening: { ...opening, wills: [] } };
        },
      }),
    });
    await connectWithWill(wire, 'lost');
    await wire.restartGateway();
    await wire.pass(100_000);
    expect(wire.arrived).toEqual([]);
  });
});

describe('a message with QoS -1', () => {
  it('is published for the only subdevice of its link, which was never connected', async () => {
    const wire = await HandWire.open();
    const payload = new TextEncoder().encode('tick');
    const heard = await wire.send([
      {
        kind: 'publish',
        dup: false,
        qos: -1,
        retain: false,
        topic: { type: 'short', name: 't1' },
        messageId: 0,
        payload,
      },
    ]);
    expect(heard).toEqual([]);
    expect(wire.arrived).toEqual([['t1', 'tick']]);
  });
});
