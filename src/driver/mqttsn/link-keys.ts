/**
 * Keys of a `[[link]]` and of a `[[subdevice]]` with driver mqttsn only. `definition.ts` adds the defaults later: until
 * then a key is present only if the file contains it, which is an error on a link of another driver.
 */
import { z } from 'zod';
import type { SizeKey } from '../../base/discard.ts';
import { means, text, whole } from '../../config/kinds/key-kinds.ts';

/** Wireless node id (MQTT-SN 1.2 §5.5). The limit of 16 octets is above the address length of any radio. */
const NODE_ID = text(/^(?:[0-9a-f]{2}){1,16}$/, '1 to 16 octets, each two digits 0-9a-f');

/** Predefined topic with its id. The ids 0x0000 and 0xFFFF are reserved (MQTT-SN 1.2 §5.3.11). */
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
        'Framing of packets on the line. Driver mqttsn: sn-cobs, or sn-raw for bare packets of stock clients, without a checksum.',
        `"${DEFAULTS.framing}"`,
      ),
    ),
  packet_bytes_max: whole(64, PACKET_BYTES_LIMIT)
    .optional()
    .meta(means('Largest size of a packet on the line, bytes. Driver mqttsn only.', `${DEFAULTS.packet_bytes_max}`)),
  gateway_id: whole(1, 255)
    .optional()
    .meta(means('Id of the gateway in ADVERTISE and GWINFO. Driver mqttsn only.', `${DEFAULTS.gateway_id}`)),
  advertise_s: whole(0, 65_535)
    .optional()
    .meta(
      means('Time between two ADVERTISE. 0 = no ADVERTISE is sent. Driver mqttsn only.', `${DEFAULTS.advertise_s}`),
    ),
  predefined_topics: z
    .array(PREDEFINED_TOPIC)
    .max(1000)
    .optional()
    .meta(means('MQTT-SN predefined topic ids, e.g. [{ id = 1, topic = "temperature" }]. Driver mqttsn only.', 'none')),
} as const;

export const SUBDEVICE_KEYS = {
  node_id: NODE_ID.optional().meta(
    means(
      'Wireless node id of the subdevice behind a forwarder, required for PUBLISH with QoS -1. Driver mqttsn only.',
    ),
  ),
} as const;

export type MqttsnLinkSection = z.output<z.ZodObject<typeof LINK_KEYS>>;
