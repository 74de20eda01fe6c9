/**
 * Keys of a `[[link]]` and of a `[[subdevice]]` for MQTT-SN alone. `definition.ts` adds the defaults later: until then
 * a key shows whether the file has it, which is an error on a link of another driver.
 */
import { z } from 'zod';
import type { SizeKey } from '../../base/discard.ts';
import { means, text, whole } from '../../config/kinds/key-kinds.ts';

/** A wireless node id (MQTT-SN 1.2 §5.5); no radio has longer addresses. */
const NODE_ID = text(/^(?:[0-9a-f]{2}){1,16}$/, '1 to 16 octets, each two digits 0-9a-f');

/** 0x0000 and 0xFFFF are reserved (MQTT-SN 1.2 §5.3.11). */
const PREDEFINED_TOPIC = z.strictObject({ id: whole(1, 65_534), topic: z.string().min(1).max(255) });

export const DEFAULTS = {
  framing: 'sn-cobs',
  packet_bytes_max: 1024,
  gateway_id: 1,
  advertise_s: 0,
} as const;

/** Largest value of `packet_bytes_max`. */
const PACKET_BYTES_LIMIT = 4096;

export const PACKET_BYTES_KEY: SizeKey = { name: 'packet_bytes_max', largest: PACKET_BYTES_LIMIT };

export const LINK_KEYS = {
  framing: z
    .enum(['sn-cobs', 'sn-raw'])
    .optional()
    .meta(
      means(
        'How packets are delimited on the line. sn-raw: bare packets of stock clients, without a checksum. Driver mqttsn only.',
        `"${DEFAULTS.framing}"`,
      ),
    ),
  packet_bytes_max: whole(64, PACKET_BYTES_LIMIT)
    .optional()
    .meta(means('Largest packet on the line. Driver mqttsn only.', `${DEFAULTS.packet_bytes_max}`)),
  gateway_id: whole(1, 255)
    .optional()
    .meta(means('The gateway’s id in ADVERTISE and GWINFO. Driver mqttsn only.', `${DEFAULTS.gateway_id}`)),
  advertise_s: whole(0, 65_535)
    .optional()
    .meta(means('Pause between two ADVERTISE. 0 = none are sent. Driver mqttsn only.', `${DEFAULTS.advertise_s}`)),
  predefined_topics: z
    .array(PREDEFINED_TOPIC)
    .max(1000)
    .optional()
    .meta(means('MQTT-SN predefined topic ids, e.g. [{ id = 1, topic = "temperature" }]. Driver mqttsn only.', 'none')),
} as const;

export const SUBDEVICE_KEYS = {
  node_id: NODE_ID.optional().meta(
    means('Where it is behind a forwarder, so that it may publish with QoS -1 from there. Driver mqttsn only.'),
  ),
} as const;

export type MqttsnLinkSection = z.output<z.ZodObject<typeof LINK_KEYS>>;
