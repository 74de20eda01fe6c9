/** The keys of a link, and of a subdevice, that only MQTT-SN knows; `keys.ts` is where they belong. */
import { z } from 'zod';
import { means, text, whole } from './key-kinds.ts';

/** A wireless node id (MQTT-SN 1.2 §5.5); no radio has longer addresses. */
export const NODE_ID = text(/^(?:[0-9a-f]{2}){1,16}$/, '1 to 16 octets, each two digits 0-9a-f');

/** 0x0000 and 0xFFFF are reserved (MQTT-SN 1.2 §5.3.11). */
const PREDEFINED_TOPIC = z.strictObject({ id: whole(1, 65_534), topic: z.string().min(1).max(255) });

export const MQTTSN_KEYS = {
  gateway_id: whole(1, 255).default(1).meta(means('The gateway’s id in ADVERTISE and GWINFO.')),
  advertise_s: whole(0, 65_535).default(0).meta(means('Pause between two ADVERTISE. 0 = none are sent.')),
  predefined_topics: z
    .array(PREDEFINED_TOPIC)
    .max(1000)
    .default([])
    .meta(means('MQTT-SN predefined topic ids, e.g. [{ id = 1, topic = "temperature" }].')),
} as const;
