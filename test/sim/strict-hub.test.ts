/**
 * A hub that drops messages of a subdevice that is not announced as online: uplinks keep their order and none becomes a
 * dead letter, also if the subdevice is away while they are sent. No other hub delays them.
 */
import { describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import type { ConnectPacket, Packet } from '../../src/codec/mqttsn-packets.ts';
import { HandWire, ID, publication } from './hand-wire.ts';
import type { HubSwitches } from './scenario.ts';

const STRICT = { dropsOffline: true } as const;
const GOODBYE: Packet = { kind: 'disconnect', durationS: undefined };
const OLD = [1, 2, 3, 4, 5].map((number) => `old ${number}`);
const MINUTE_MS = 60_000;

/** Removes the safety: uplinks are sent without a look at announcements. */
function sendAtOnce({ stations: { operations } }: Gateway): void {
  if (operations === undefined) throw new Error('this hub knows subdevices');
  operations.mayPublish = () => true;
}

interface Observed {
  readonly wire: HandWire;
  /** Changes of the online state at the hub, and arrived messages, in order. */
  readonly events: string[];
  readonly deadLetters: string[];
}

async function open(patch: (gateway: Gateway) => void, switches: Partial<HubSwitches> = STRICT): Promise<Observed> {
  const deadLetters: string[] = [];
  const wire = await HandWire.open(
    {
      patch,
      alter: (parts) => {
        parts.facts.on('uplinkDeadLettered', ({ reason }) => deadLetters.push(reason));
        return parts;
      },
    },
    switches,
  );
  const { hub } = wire.world;
  const events: string[] = [];
  const note = hub.onArrived;
  hub.onEvent = (event) => {
    if (event.kind === 'presence') events.push(event.isOnline ? 'online' : 'offline');
  };
  hub.onArrived = (message) => {
    if (message.topic.split('/')[1] === ID) events.push(new TextDecoder().decode(message.payload));
    note(message);
  };
  return { wire, events, deadLetters };
}

/** Lets a backlog of five messages wait in the gateway while the hub is away. */
async function fillBacklog({ wire, events }: Observed): Promise<void> {
  await wire.connect({ durationS: 3600 });
  events.splice(0);
  wire.world.hub.leave();
  for (const [index, text] of OLD.entries()) await wire.send([publication(index + 1, text)]);
}

/** Restarts the gateway with a backlog. The subdevice connects after the hub, and sends a new message at once. */
async function restartWithBacklog(patch: (gateway: Gateway) => void): Promise<Observed> {
  const observed = await open(patch);
  const { wire } = observed;
  await fillBacklog(observed);
  wire.world.killProcess(300);
  wire.world.hub.comeBack();
  await wire.pass(10_000);
  await wire.connect({ durationS: 3600 });
  await wire.send([publication(6, 'new')]);
  await wire.pass(2 * MINUTE_MS);
  return observed;
}

/** Leaves a backlog of a subdevice that does not come back, and lets the hub come back. */
async function leaveBacklog(patch: (gateway: Gateway) => void): Promise<Observed> {
  const observed = await open(patch);
  await fillBacklog(observed);
  await observed.wire.send([GOODBYE]);
  observed.wire.world.hub.comeBack();
  await observed.wire.pass(5 * MINUTE_MS);
  return observed;
}

const texts = ({ wire }: Observed): string[] => wire.arrived.map(([, text]) => text);

describe('a backlog', () => {
  it('whose subdevice connects later than the hub arrives before newer messages', async () => {
    const observed = await restartWithBacklog(() => undefined);
    expect(texts(observed)).toEqual([...OLD, 'new']);
  });

  it('negative control: arrives behind a newer message if it is sent before the announcement', async () => {
    const observed = await restartWithBacklog(sendAtOnce);
    expect(texts(observed)).toEqual(['new', ...OLD]);
  });

  it('of a subdevice that is gone is taken: the subdevice is online until the last PUBACK, and no longer', async () => {
    const observed = await leaveBacklog(() => undefined);
    expect(observed.deadLetters).toEqual([]);
    expect(observed.events.slice(observed.events.lastIndexOf('online'))).toEqual(['online', ...OLD, 'offline']);
  });

  it('negative control: of a subdevice that is gone becomes dead letters if it is sent unannounced', async () => {
    const observed = await leaveBacklog(sendAtOnce);
    expect(texts(observed)).toEqual([]);
    expect(observed.deadLetters).toHaveLength(OLD.length);
  });

  it('that an operator has paused keeps no subdevice online, but for what was in flight', async () => {
    const observed = await open(() => undefined);
    await fillBacklog(observed);
    await observed.wire.send([GOODBYE]);
    observed.wire.world.gateway?.stations.outbox.setBacklogPace({ isPaused: true, perS: undefined });
    observed.events.splice(0);
    observed.wire.world.hub.comeBack();
    await observed.wire.pass(MINUTE_MS);
    expect(observed.events).toEqual(['online', 'old 1', 'offline']);
    observed.events.splice(0);
    observed.wire.world.gateway?.stations.outbox.setBacklogPace({ isPaused: false, perS: undefined });
    observed.wire.world.gateway?.hubSender.send();
    await observed.wire.pass(MINUTE_MS);
    expect(observed.events).toEqual(['online', ...OLD.slice(1), 'offline']);
  });
});

describe('a message', () => {
  async function connectWithWill(wire: HandWire): Promise<void> {
    const connect: ConnectPacket = { kind: 'connect', will: true, clean: false, durationS: 60, clientId: ID };
    await wire.send([connect]);
    await wire.send([{ kind: 'willtopic', will: { qos: 1, retain: false, topic: 'gone' } }]);
    await wire.send([{ kind: 'willmsg', payload: new TextEncoder().encode('will') }]);
  }

  it('of a lost subdevice, its will, arrives before the hub is informed of the loss', async () => {
    const observed = await open(() => undefined);
    await connectWithWill(observed.wire);
    await observed.wire.pass(2 * MINUTE_MS);
    expect(observed.events).toEqual(['online', 'will', 'offline']);
  });

  it('that is sent right before DISCONNECT arrives before the hub is informed of it', async () => {
    const observed = await open(() => undefined);
    await observed.wire.connect();
    await observed.wire.send([publication(1, 'last'), GOODBYE]);
    expect(observed.events).toEqual(['online', 'last', 'offline']);
  });
});

describe('a hub', () => {
  /** Delay of the first message after the gateway has connected again, ms. */
  async function firstDelayMs(observed: Observed): Promise<number> {
    const { wire } = observed;
    const { world } = wire;
    let connectedAtMs = Number.NaN;
    await fillBacklog(observed);
    world.gateway?.parts.facts.on('hubConnected', () => {
      connectedAtMs = world.time.nowMs;
    });
    world.hub.comeBack();
    const isDone = (): boolean => wire.arrived.length > 0;
    await world.time.run(world.time.nowMs + 5 * MINUTE_MS, () => undefined, isDone);
    return world.time.nowMs - connectedAtMs;
  }

  const ROUND_TRIP_MS = 24;

  it('that confirms announcements delays a backlog by one round trip at most', async () => {
    const undelayedMs = await firstDelayMs(await open(sendAtOnce, {}));
    for (const dropsOffline of [false, true]) {
      const delayMs = await firstDelayMs(await open(() => undefined, { dropsOffline }));
      expect(delayMs - undelayedMs).toBeLessThanOrEqual(ROUND_TRIP_MS);
    }
  });

  it('that answers no announcement delays a backlog by 5 s at most, and not in later connections', async () => {
    const undelayedMs = await firstDelayMs(await open(sendAtOnce, {}));
    const observed = await open(() => undefined, {});
    observed.wire.world.hub.fault({ kind: 'set', faults: { answers: 'missing' } });
    const delayMs = await firstDelayMs(observed);
    expect(delayMs).toBeLessThan(5000 + undelayedMs + ROUND_TRIP_MS);
    await observed.wire.pass(MINUTE_MS);
    expect(texts(observed)).toEqual(OLD);
    observed.wire.arrived.splice(0);
    expect(await firstDelayMs(observed)).toBeLessThanOrEqual(undelayedMs + ROUND_TRIP_MS);
  });
});
