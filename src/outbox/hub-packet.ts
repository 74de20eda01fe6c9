/** One packet of ours that the hub may close the connection on, as far as blame goes. Shapes and names only. */
import type { Entry } from '../custody/entry.ts';
import type { Row } from '../custody/row.ts';

export type ActKind = 'uplink' | 'QoS 0 uplink' | 'request' | 'puback' | 'subscribe' | 'unsubscribe';

export interface HubPacket {
  readonly kind: ActKind;
  /** Topic or filter. */
  readonly name: string;
  /** What is suspected and set aside: the kind with its topic or filter. */
  readonly key: string;
  /** Identity on the wire; several uplinks of one key may be there at once. */
  readonly id: string;
  /** The message in custody; for `uplink` only. */
  readonly entry: Entry | undefined;
}

/** An act of which one at a time is told apart: by its topic or filter. */
export function actOf(kind: Exclude<ActKind, 'uplink' | 'puback'>, name: string): HubPacket {
  const key = `${kind} ${name}`;
  return { kind, name, key, id: key, entry: undefined };
}

/** @param print of topic and payload: the hub gives the packet identifier to another message in time @param name topic */
export function pubackAct(packetId: number, print: number, name: string): HubPacket {
  const key = `puback ${packetId} ${print}`;
  return { kind: 'puback', name, key, id: key, entry: undefined };
}

export function uplinkAct(entry: Entry): HubPacket {
  return { kind: 'uplink', name: entry.row.topic, key: uplinkKey(entry.row), id: uplinkId(entry.row), entry };
}

export function uplinkKey({ lane, topic }: Row): string {
  return `uplink ${lane} ${topic}`;
}

export function uplinkId({ seq }: Row): string {
  return `uplink ${seq}`;
}

/** SUBSCRIBE and UNSUBSCRIBE: sent after the uplinks, so that these flow whatever the filters do. */
export function isFilterAct({ kind }: Pick<HubPacket, 'kind'>): boolean {
  return kind === 'subscribe' || kind === 'unsubscribe';
}

/** PUBLISH with QoS 0, and PUBACK: only a PINGRESP, or a later answer, shows that the connection has survived it. */
export function isUnansweredAct({ kind }: Pick<HubPacket, 'kind'>): boolean {
  return kind === 'QoS 0 uplink' || kind === 'request' || kind === 'puback';
}

/** The packet, in the words of MQTT. */
export function actWords({ kind, name }: Pick<HubPacket, 'kind' | 'name'>): string {
  switch (kind) {
    case 'uplink':
      return `PUBLISH on ${name}`;
    case 'QoS 0 uplink':
      return `PUBLISH (QoS 0) on ${name}`;
    case 'request':
      return `the gateway's own PUBLISH on ${name}`;
    case 'puback':
      return `PUBACK of a downlink on ${name}`;
    case 'subscribe':
      return `SUBSCRIBE ${name}`;
    case 'unsubscribe':
      return `UNSUBSCRIBE ${name}`;
  }
}
