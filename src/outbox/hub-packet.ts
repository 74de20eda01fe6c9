/** Packet of this gateway on which the hub may close the connection. Shapes and names only. */
import type { Entry } from '../custody/entry.ts';

export type ActKind = 'uplink' | 'QoS 0 uplink' | 'request' | 'puback' | 'subscribe' | 'unsubscribe';

export interface HubPacket {
  readonly kind: ActKind;
  /** Topic or filter. */
  readonly name: string;
  /** Key by which a packet is suspected and set aside: its kind with its topic or filter. */
  readonly key: string;
  /** Identity on the wire. Several uplinks with one key may be in flight at once. The number of an uplink. */
  readonly id: string | number;
  /** Message in custody; for `uplink` only. */
  readonly entry: Entry | undefined;
}

/** Creates a packet that is identified by its topic or filter alone: at most one is unanswered at a time. */
export function actOf(kind: Exclude<ActKind, 'uplink' | 'puback'>, name: string): HubPacket {
  const key = `${kind} ${name}`;
  return { kind, name, key, id: key, entry: undefined };
}

/**
 * Creates the packet for a PUBACK.
 * @param print checksum of topic and payload, since the hub reuses the packet identifier for other messages
 * @param name topic
 */
export function pubackAct(packetId: number, print: number, name: string): HubPacket {
  const key = `puback ${packetId} ${print}`;
  return { kind: 'puback', name, key, id: key, entry: undefined };
}

/** Uplink as a packet. One is made for each message, so the key is built only when it is asked for. */
class UplinkPacket implements HubPacket {
  readonly kind = 'uplink';
  readonly entry: Entry;

  constructor(entry: Entry) {
    this.entry = entry;
  }

  get name(): string {
    return this.entry.row.topic;
  }

  get key(): string {
    return `uplink ${this.entry.row.lane} ${this.entry.row.topic}`;
  }

  get id(): number {
    return this.entry.row.seq;
  }
}

export function uplinkAct(entry: Entry): HubPacket {
  return new UplinkPacket(entry);
}

/** The same packet without its message. */
export function withoutEntry({ kind, name, key, id }: HubPacket): HubPacket {
  return { kind, name, key, id, entry: undefined };
}

/** True for SUBSCRIBE and UNSUBSCRIBE. They are sent after the uplinks, so that filters never block uplinks. */
export function isFilterAct({ kind }: Pick<HubPacket, 'kind'>): boolean {
  return kind === 'subscribe' || kind === 'unsubscribe';
}

/** True for a packet that the hub does not answer: only a PINGRESP or the answer to a later packet confirms it. */
export function isUnansweredAct({ kind }: Pick<HubPacket, 'kind'>): boolean {
  return kind === 'QoS 0 uplink' || kind === 'request' || kind === 'puback';
}

/** Returns the packet as text, in the terms of MQTT. */
export function actWords({ kind, name }: Pick<HubPacket, 'kind' | 'name'>): string {
  switch (kind) {
    case 'uplink':
      return `PUBLISH on ${name}`;
    case 'QoS 0 uplink':
      return `PUBLISH (QoS 0) on ${name}`;
    case 'request':
      return `PUBLISH of the gateway on ${name}`;
    case 'puback':
      return `PUBACK of a downlink on ${name}`;
    case 'subscribe':
      return `SUBSCRIBE ${name}`;
    case 'unsubscribe':
      return `UNSUBSCRIBE ${name}`;
  }
}
