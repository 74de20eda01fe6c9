/**
 * Planted bugs, one at a time, that show that the simulation can fail. Each changes the built gateway from outside, through
 * its ports and public parts. `src` contains no code for them.
 */

import type { Gateway } from '../../src/app/gateway.ts';
import type { Stamp } from '../../src/base/time.ts';
import { encodeFrame, FrameReader } from '../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import type { Custodian } from '../../src/custody/custodian.ts';
import type { OpenChannel, OpenStore } from '../../src/ports.ts';
import type { DriverMix } from './line-protocols.ts';
import { HOUR_MS } from './scenario.ts';
import type { Sabotage } from './world.ts';

export interface PlantedBug extends Sabotage {
  readonly name: string;
  /** Complaint that the simulation must make. */
  readonly complaint: RegExp;
  /** Drivers of the worlds that show the bug; default: MQTT-SN only. */
  readonly driverMix?: DriverMix;
  /** Seed of a world that shows the bug, simulated first; for a bug that few worlds show. */
  readonly world?: number;
  /** The worlds have shared topics. */
  readonly hasSharedTopics?: true;
}

/** Sends the receipt before the commit. */
function receiptFirst(openStore: OpenStore): OpenStore {
  return async (listener) => {
    const opened = await openStore({ ...listener, committed: () => undefined, full: () => undefined });
    const { store } = opened;
    const commit = store.commit.bind(store);
    store.commit = (batch, changes) => {
      commit(batch, changes);
      void Promise.resolve().then(() => listener.committed(batch));
    };
    return opened;
  };
}

/** Writes lazy changes after all others, without their order. */
export function lazyLast({ stations: { committer } }: Gateway): void {
  const { waiting } = committer;
  const take = waiting.take.bind(waiting);
  waiting.take = () => {
    const taken = take();
    return (
      taken && {
        ...taken,
        steps: taken.steps.toSorted((left, right) => Number('kind' in left) - Number('kind' in right)),
      }
    );
  };
}

/** Answers each REGISTER before it is sent. */
function registerNobody(open: OpenChannel): OpenChannel {
  return (listener) => {
    const channel = open(listener);
    const reader = new FrameReader(1024);
    const write = (packet: Packet, frame: Uint8Array): void => {
      if (packet.kind !== 'register') return channel.write(frame);
      const regack = encodePacket({ ...packet, kind: 'regack', returnCode: 0 });
      listener.bytes(encodeFrame(regack));
    };
    return {
      write: (bytes) => {
        for (const bare of reader.push(bytes)) {
          const packet = decodePacket(bare);
          if (packet.ok) write(packet.value, encodeFrame(bare));
        }
      },
      get queuedBytes() {
        return channel.queuedBytes;
      },
      close: (reason) => channel.close(reason),
    };
  };
}

function deleteBeforePuback({ stations: { outbox, uplinks } }: Gateway): void {
  const next = outbox.next.bind(outbox);
  outbox.next = (nowMs) => {
    const sending = next(nowMs);
    if (sending !== undefined) uplinks.end(sending.entry, { as: 'delivered' });
    return sending;
  };
}

function reusePacketIds({ stations: { outbox } }: Gateway): void {
  const next = outbox.next.bind(outbox);
  outbox.next = (nowMs) => {
    const sending = next(nowMs);
    return sending && { ...sending, packetId: 1 + (sending.packetId % 3) };
  };
}

/** Sends the later of two PUBACKs first if they are close together. */
function swapPubacks({ hub, parts: { clock, mailbox } }: Gateway): void {
  const command = hub.command.bind(hub);
  let heldBack: Parameters<typeof command>[0] | undefined;
  const release = (): void => {
    const late = heldBack;
    heldBack = undefined;
    if (late !== undefined) command(late);
  };
  hub.command = (next) => {
    if (next.kind !== 'puback') return command(next);
    if (heldBack !== undefined) {
      command(next);
      return release();
    }
    heldBack = next;
    clock.wakeAt(clock.nowMs() + 50, () => mailbox.post(release));
  };
}

/** Hides the DUP flag of messages that the hub sends again. */
export function overlookDup({ hub: { client } }: Gateway): void {
  const handle = client.handle.bind(client);
  client.handle = (input, nowMs) =>
    handle(input, nowMs).map((action) => (action.kind === 'message' ? { ...action, dup: false } : action));
}

/** Counts each connection that ends as one that the gateway closed. */
export function overlookRivals({ hub: { client } }: Gateway): void {
  const handle = client.handle.bind(client);
  client.handle = (input, nowMs) => {
    if (input.kind === 'closed') handle({ kind: 'leave', reason: input.reason }, nowMs);
    return handle(input, nowMs);
  };
}

/** Draws no conclusion from changes of the session at the hub. */
export function overlookGaps({ stations: { sessionTracker } }: Gateway): void {
  sessionTracker.connected = () => [];
  sessionTracker.message = () => [];
}

function sendUnpaced({ stations: { outbox } }: Gateway): void {
  outbox.pacer.isOpen = () => true;
  outbox.pacer.take = () => undefined;
}

/** Takes ages from the wall clock, which may step. */
function expireByWall({ stations, parts: { clock, config } }: Gateway): void {
  const keyOf = ({ epoch, upMs }: Stamp): string => `${epoch} ${Math.floor(upMs)}`;
  const wallAt = new Map<string, number>();
  const note = (custodian: Custodian): void => {
    const accept = custodian.accept.bind(custodian);
    custodian.accept = (lane, message, from) => {
      wallAt.set(keyOf(from.stamp), clock.wallMs());
      return accept(lane, message, from);
    };
  };
  note(stations.uplinks);
  note(stations.downlinks);
  const byWall = (hoursMax: number) => (stamp: Stamp) =>
    clock.wallMs() - (wallAt.get(keyOf(stamp)) ?? clock.wallMs()) >= hoursMax * HOUR_MS;
  const { outbox, inbox } = stations;
  const expireUplinks = outbox.expire.bind(outbox);
  outbox.expire = () => expireUplinks(byWall(config.outbox.ageHoursMax));
  const expireDownlinks = inbox.expire.bind(inbox);
  inbox.expire = () => expireDownlinks(byWall(config.inbox.ageHoursMax));
}

/** Ignores the column with the flag RETAIN. */
function forgetRetain(openStore: OpenStore): OpenStore {
  return async (listener) => {
    const opened = await openStore(listener);
    const { store } = opened;
    const page = store.page.bind(store);
    store.page = async (request) => {
      const found = await page(request);
      return { ...found, rows: found.rows.map(({ retain, ...row }) => row) };
    };
    return opened;
  };
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'acknowledge before commit',
    complaint: /neither on the disk nor with the next hop|acknowledged and lost/,
    alter: (parts) => ({ ...parts, openStore: receiptFirst(parts.openStore) }),
  },
  {
    name: 'delete before PUBACK',
    complaint: /neither on the disk nor with the next hop|acknowledged and lost/,
    patch: deleteBeforePuback,
  },
  { name: 'lazy changes written last', complaint: /not a prefix of the decisions/, patch: lazyLast },
  {
    name: 'RETAIN lost on disk',
    complaint: /arrived without RETAIN/,
    alter: (parts) => ({ ...parts, openStore: forgetRetain(parts.openStore) }),
  },
  { name: 'packet identifier reused in flight', complaint: /was used twice in flight/, patch: reusePacketIds },
  { name: 'PUBACK out of order', complaint: /MQTT-4\.6\.0-2/, patch: swapPubacks },
  { name: 'replay unpaced', complaint: /publishes within a second/, patch: sendUnpaced },
  {
    name: 'inbox unbounded',
    complaint: /downlinks for one subdevice/,
    alter: (parts) => ({ ...parts, config: { ...parts.config, inbox: { ...parts.config.inbox, messagesMax: 1e6 } } }),
  },
  { name: 'expiry by wall clock', complaint: /expired at the age of/, patch: expireByWall },
  {
    name: 'topic id sent before REGISTER',
    complaint: /before its REGISTER/,
    alter: (parts) => ({ ...parts, openLink: (link) => registerNobody(parts.openLink(link)) }),
  },
];
