/**
 * Keys of the hub section: type, range, default and meaning. Defaults that depend on the profile are in `profiles.ts`,
 * rules across keys in `hub-rules.ts`, `route-rules.ts` and `tls-rules.ts`.
 */
import { z } from 'zod';
import { SIGN_METHODS } from '../../base/hub-identity.ts';
import { absolutePath, DEVICE_NAME, FLAG, means, PRODUCT_ID, text, topicTemplate, whole } from '../kinds/key-kinds.ts';
import { byProfile, PROFILES } from './profiles.ts';

const HOST = text(/^[\x21-\x7e]{1,253}$/, 'host name or address, without scheme and port');
const CLIENT_ID = text(/^[\x21-\x7e]{1,128}$/, '1 to 128 printable characters, no spaces');
const WS_PATH = text(/^\/[\x21-\x22\x24-\x7e]{0,255}$/, 'path that begins with /, without spaces and #');
const SERVER_NAME = text(/^[A-Za-z0-9._-]{1,253}$/, 'host name');
/** Pin of a public key: SHA-256 (32 bytes) of a SubjectPublicKeyInfo in DER, in base64 (RFC 7469 §2.4). */
const PIN = text(/^[A-Za-z0-9+/]{43}=$/, 'SHA-256 in base64');
const HOUR_MS = 3_600_000;

const ADDRESS_KEYS = {
  profile: z
    .enum(PROFILES)
    .meta(means('Type of hub: any MQTT 3.1.1 broker, or the IoT hub with its international or mainland limits.')),
  host: HOST.meta(means('Host name or address of the hub.')),
  port: whole(1, 65_535)
    .optional()
    .meta(means('TCP port of the hub.', '1883, with TLS 8883; with transport = "ws" 80, with TLS 443')),
};

/** Way to the hub: WebSocket, and a proxy. Rules across these keys are in `route-rules.ts`. */
const ROUTE_KEYS = {
  transport: z
    .enum(['tcp', 'ws'])
    .default('tcp')
    .meta(means('tcp: MQTT directly over TCP or TLS. ws: MQTT in WebSocket frames, with tls = "on" as wss.')),
  ws_path: WS_PATH.optional().meta(means('Path of the WebSocket URL. With transport = "ws".', '/mqtt')),
  proxy: z
    .string()
    .max(300)
    .optional()
    .meta(
      means(
        'HTTP proxy that opens a tunnel to the hub with CONNECT, as `http://HOST:PORT`.',
        'none: direct connection',
      ),
    ),
  proxy_username: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta(means('User name at the proxy, for Basic authentication.')),
  proxy_password_file: absolutePath()
    .optional()
    .meta(means('File with the password for the proxy, readable by its owner only.')),
};

const TLS_KEYS = {
  tls: z
    .enum(['off', 'on', 'psk'])
    .default('off')
    .meta(
      means('on: TLS 1.2 or later, with a hub certificate. psk: TLS 1.2, with the device secret as pre-shared key.'),
    ),
  tls_ca_file: absolutePath()
    .optional()
    .meta(means('PEM file with the trusted CA certificates. With tls = "on".', 'CA certificates of the system')),
  tls_server_name: SERVER_NAME.optional().meta(
    means('Host name that the certificate of the hub must contain. With tls = "on".', 'hub.host'),
  ),
  tls_certificate_file: absolutePath()
    .optional()
    .meta(means('PEM file with the client certificate and its intermediate CA certificates. With tls = "on".')),
  tls_key_file: absolutePath()
    .optional()
    .meta(means('PEM file with the private key of that certificate, without passphrase, readable by its owner only.')),
  tls_pins: z
    .array(PIN)
    .max(10)
    .default([])
    .meta(means('SHA-256 of each accepted public key of the hub, at least two. Empty = any key. With tls = "on".')),
};

const CREDENTIAL_KEYS = {
  product_id: PRODUCT_ID.optional().meta(means('Product id of the gateway. Hub profiles only, required there.')),
  device_name: DEVICE_NAME.optional().meta(means('Device name of the gateway. Hub profiles only, required there.')),
  device_secret_file: absolutePath()
    .optional()
    .meta(means('File with the device secret. Hub profiles only, required there without tls_certificate_file.')),
  sign_method: z
    .enum(SIGN_METHODS)
    .optional()
    .meta(means('Algorithm that signs the password. Hub profiles only.', byProfile('sign_method'))),
  client_id: CLIENT_ID.optional().meta(
    means(
      'MQTT client id. Profile generic only; with hub profiles it is product_id followed by device_name.',
      'gateway.name',
    ),
  ),
  username: z.string().min(1).max(256).optional().meta(means('MQTT user name. Profile generic only.')),
  password_file: absolutePath()
    .optional()
    .meta(means('File with the MQTT password, readable by its owner only. Profile generic only.')),
  // never settable by the hub (`hub-patch.ts`): the key names a program that runs
  password_command: z
    .array(z.string().min(1).max(4095))
    .min(1)
    .max(32)
    .optional()
    .meta(
      means(
        'Program that prints the MQTT password, as absolute path and arguments; runs for each connection, without a shell. Profile generic only. See tokens.md.',
      ),
    ),
  password_renew_s: whole(10, 1_209_600)
    .optional()
    .meta(
      means(
        'Time after which the gateway connects again with another password, at most 10 % earlier. Less than the life of the tokens. With password_file or password_command.',
        'none: at the next connection',
      ),
    ),
};

const TRAFFIC_KEYS = {
  bind: z
    .enum(['manual', 'auto'])
    .optional()
    .meta(
      means(
        'Binding of subdevices at the hub. manual: by a technician with `holdfast hub bind`. auto: by the gateway, for subdevices with a device_secret_file. Hub profiles only.',
        byProfile('bind'),
      ),
    ),
  operations_batch_max: whole(1, 500)
    .optional()
    .meta(
      means(
        'Largest number of subdevices in one request to the hub. Hub profiles only.',
        byProfile('operations_batch_max'),
      ),
    ),
  retain: FLAG.meta(
    means('true: send RETAIN of a PUBLISH or will to the hub. false: send it without RETAIN. Profile generic only.'),
  ),
  keep_alive_s: whole(0, 65_535)
    .optional()
    .meta(means('MQTT keep alive. Hub profiles: 60 to 690; generic: 0 = off.', byProfile('keep_alive_s'))),
  connect_ms_max: whole(100, 120_000)
    .default(10_000)
    .meta(means('Longest time from opening the connection to CONNACK.')),
  puback_ms_max: whole(100, 600_000)
    .default(10_000)
    .meta(means('Longest wait for a PUBACK before the gateway tests the connection and sends the message again.')),
  attempts_max: whole(1, 1000)
    .default(3)
    .meta(means('Attempts to send one message without PUBACK before it becomes a dead letter.')),
  in_flight_max: whole(1, 65_535)
    .default(32)
    .meta(means('Largest number of publishes in flight (waiting for PUBACK), and four more for alarms.')),
  messages_per_s: whole(0, 1_000_000)
    .optional()
    .meta(means('Highest rate of all publishes. 0 = no limit.', byProfile('messages_per_s'))),
  payload_bytes_max: whole(64, 1_048_576)
    .optional()
    .meta(means('Largest payload that the hub accepts, in bytes.', byProfile('payload_bytes_max'))),
  topic_bytes_max: whole(16, 65_535)
    .optional()
    .meta(means('Longest topic that the hub accepts, in bytes of UTF-8.', byProfile('topic_bytes_max'))),
  topic_slashes_max: whole(0, 1000)
    .optional()
    .meta(means('Largest number of slashes in a topic at the hub. 0 = no limit.', byProfile('topic_slashes_max'))),
  reconnect_floor_ms: whole(100, HOUR_MS)
    .optional()
    .meta(means('Shortest pause between two connections.', byProfile('reconnect_floor_ms'))),
  reconnect_ceiling_ms: whole(100, HOUR_MS).default(60_000).meta(means('Longest pause between two connections.')),
  boot_spread_ms: whole(0, HOUR_MS)
    .optional()
    .meta(
      means(
        'Longest random pause before the first connection after a boot of the machine: gateways that get power at the same time do not connect at the same time. 0 = none.',
        '2 × reconnect_floor_ms',
      ),
    ),
  subscriptions_max: whole(0, 1_000_000)
    .optional()
    .meta(means('Largest number of filters of one connection. 0 = no limit.', byProfile('subscriptions_max'))),
  resync_topic: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta(means('Topic at the hub to which the gateway publishes that downlinks may be missing.', 'none: no message')),
};

/** Templates of topics, with placeholders. The rules are in `topic-template-rules.ts`. */
const TOPIC_KEYS = {
  topic_template: topicTemplate().meta(
    means(
      'Topics of subdevices at the hub in both directions. Placeholders: {gateway}, {subdevice}, {topic} or {topic_encoded}; hub profiles also {product_id}, {device_name}.',
      byProfile('topic_template'),
    ),
  ),
  uplink_topic: topicTemplate().meta(
    means(
      'Topic at the hub for an uplink of a subdevice. Without {topic}, all uplinks have one topic. {topic_encoded} is {topic} in percent-encoding. {field:room|none} is the member room of a JSON payload as a whole level, and none in messages without it; {field_encoded:room|none} may be a part of a level. Fields need profile generic.',
      'topic_template',
    ),
  ),
  downlink_topic: topicTemplate().meta(
    means(
      'Topic at the hub on which a subdevice gets downlinks. Has {topic} or {topic_encoded} once, and no fields.',
      'topic_template',
    ),
  ),
};

/**
 * Keys whose values the program uses unchanged. The other keys become `HubTransport`, `HubProxy`, `HubTls` and
 * `HubCredentials`.
 */
export const PLAIN_KEYS = { ...ADDRESS_KEYS, ...TRAFFIC_KEYS };

export const HUB = z.strictObject({
  ...ADDRESS_KEYS,
  ...ROUTE_KEYS,
  ...TLS_KEYS,
  ...CREDENTIAL_KEYS,
  ...TOPIC_KEYS,
  ...TRAFFIC_KEYS,
});

export type HubSection = z.output<typeof HUB>;
