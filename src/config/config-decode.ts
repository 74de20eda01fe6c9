/**
 * Sections without a problem become a `Config`: camel case, and the profile's decisions where the file is silent.
 * The only place with defaults that depend on something.
 */

import { DRIVER_DEFAULTS, PROFILE_DEFAULTS } from './hub/profiles.ts';
import type { HubSection, LinkSection, OutboxSection, SubdeviceSection } from './keys.ts';
import { decodeLines } from './lines/lines-decode.ts';
import { decodeUnit } from './modbus/modbus-units.ts';
import { MQTTSN_DEFAULTS } from './mqttsn/mqttsn-keys.ts';
import type {
  Config,
  GatewayConfig,
  HubConfig,
  HubCredentials,
  HubTls,
  LinkConfig,
  SubdeviceConfig,
} from './schema.ts';
import type { Sections } from './sections.ts';

/** IANA service names mqtt and secure-mqtt; the hub's are the same (hub contract §1.2). */
const MQTT_PORT = 1883;
const MQTT_TLS_PORT = 8883;
/** No SDK sends more than one device in a request, no document says how many there may be: enough to be quick. */
const OPERATIONS_BATCH_MAX = 64;

/** @param sections without any problem; a missing one is a bug of the caller */
export function decodeConfig(sections: Sections): Config {
  const { gateway, hub, outbox, inbox, recorder } = sections;
  if (!gateway || !hub || !outbox || !inbox || !recorder) {
    throw new Error('decodeConfig: a section is missing, and no problem was found');
  }
  const links = sections.links.filter((link) => link !== undefined);
  const subdevices = sections.subdevices.filter((subdevice) => subdevice !== undefined);
  const gatewayConfig: GatewayConfig = {
    name: gateway.name,
    stateDir: gateway.state_dir,
    allowVolatileStore: gateway.allow_volatile_store,
    controlSocket: gateway.control_socket,
    logLevel: gateway.log_level,
    logFormat: gateway.log_format,
    acceptUnknownSubdevices: gateway.accept_unknown_subdevices,
  };
  return {
    gateway: gatewayConfig,
    hub: decodeHub(hub, gateway.name),
    outbox: {
      messagesMax: outbox.messages_max,
      bytesMax: outbox.bytes_max,
      ageHoursMax: outbox.age_hours_max,
      overflow: outbox.overflow,
      alarmTopics: outbox.alarm_topics,
      liveShare: outbox.live_share,
      holdMs: outbox.hold_ms,
      commitMs: outbox.commit_ms,
    },
    inbox: {
      messagesMax: inbox.messages_max,
      ageHoursMax: inbox.age_hours_max,
      replayIntervalMs: inbox.replay_interval_ms,
      overflow: inbox.overflow,
      holdMs: inbox.hold_ms,
      retainedCommands: inbox.retained_commands,
    },
    recorder: {
      ringBytes: recorder.ring_bytes,
      triggers: recorder.triggers,
      filesMax: recorder.files_max,
      bytesMax: recorder.bytes_max,
    },
    links: links.map((link) =>
      decodeLink(link, outbox, allowedOn(link, subdevices, gateway.accept_unknown_subdevices)),
    ),
    subdevices: subdevices.map(decodeSubdevice),
  };
}

function decodeHub(hub: HubSection, gatewayName: string): HubConfig {
  const defaults = PROFILE_DEFAULTS[hub.profile];
  const credentials = decodeCredentials(hub);
  return {
    profile: hub.profile,
    host: hub.host,
    port: hub.port ?? (hub.tls === 'off' ? MQTT_PORT : MQTT_TLS_PORT),
    tls: decodeTls(hub),
    bind: hub.bind ?? 'manual',
    operationsBatchMax: hub.operations_batch_max ?? OPERATIONS_BATCH_MAX,
    credentials,
    clientId:
      credentials.kind === 'device'
        ? `${credentials.productId}${credentials.deviceName}`
        : (hub.client_id ?? gatewayName),
    topicTemplate: hub.topic_template ?? defaults.topicTemplate,
    retain: hub.retain,
    keepAliveS: hub.keep_alive_s ?? defaults.keepAliveS,
    connectMsMax: hub.connect_ms_max,
    pubackMsMax: hub.puback_ms_max,
    attemptsMax: hub.attempts_max,
    inFlightMax: hub.in_flight_max,
    messagesPerS: hub.messages_per_s ?? defaults.messagesPerS,
    payloadBytesMax: hub.payload_bytes_max ?? defaults.payloadBytesMax,
    topicBytesMax: hub.topic_bytes_max ?? defaults.topicBytesMax,
    topicSlashesMax: hub.topic_slashes_max ?? defaults.topicSlashesMax,
    reconnectFloorMs: hub.reconnect_floor_ms ?? defaults.reconnectFloorMs,
    reconnectCeilingMs: hub.reconnect_ceiling_ms,
    subscriptionsMax: hub.subscriptions_max ?? defaults.subscriptionsMax,
    resyncTopic: hub.resync_topic,
  };
}

function decodeCredentials(hub: HubSection): HubCredentials {
  const { product_id: productId, device_name: deviceName, device_secret_file: deviceSecretFile } = hub;
  if (productId !== undefined && deviceName !== undefined) {
    return {
      ...{ kind: 'device', productId, deviceName, signMethod: hub.sign_method ?? 'hmacsha256' },
      deviceSecretFile: hub.tls === 'psk' ? undefined : deviceSecretFile,
    };
  }
  if (hub.username === undefined) return { kind: 'none' };
  return { kind: 'password', username: hub.username, passwordFile: hub.password_file };
}

function decodeTls(hub: HubSection): HubTls {
  const { tls_certificate_file: certificateFile, tls_key_file: keyFile } = hub;
  switch (hub.tls) {
    case 'off':
      return { kind: 'off' };
    case 'on':
      return {
        kind: 'on',
        caFile: hub.tls_ca_file,
        serverName: hub.tls_server_name ?? hub.host,
        pins: hub.tls_pins,
        client: certificateFile === undefined || keyFile === undefined ? undefined : { certificateFile, keyFile },
      };
    case 'psk':
      if (hub.device_secret_file === undefined) throw new Error('decodeTls: no secret, and no problem was found');
      return { kind: 'psk', secretFile: hub.device_secret_file };
  }
}

function decodeLink(link: LinkSection, outbox: OutboxSection, allowed: readonly string[] | undefined): LinkConfig {
  const defaults = DRIVER_DEFAULTS[link.driver];
  return {
    name: link.name,
    path: link.path,
    baudRate: link.baud_rate,
    parity: link.parity,
    stopBits: link.stop_bits === 2 ? 2 : 1,
    framing: link.framing ?? MQTTSN_DEFAULTS.framing,
    driver: link.driver,
    packetBytesMax: link.packet_bytes_max ?? MQTTSN_DEFAULTS.packet_bytes_max,
    retryMs: link.retry_ms ?? defaults.retryMs,
    retriesMax: link.retries_max ?? defaults.retriesMax,
    gatewayId: link.gateway_id ?? MQTTSN_DEFAULTS.gateway_id,
    advertiseS: link.advertise_s ?? MQTTSN_DEFAULTS.advertise_s,
    recovery: link.recovery,
    holdMs: link.hold_ms ?? outbox.hold_ms,
    commitMs: link.commit_ms ?? outbox.commit_ms,
    overflow: link.overflow ?? inheritedOverflow(link, outbox),
    allowedSubdevices: allowed,
    predefinedTopics: new Map((link.predefined_topics ?? []).map(({ id, topic }) => [id, topic])),
    units: link.unit.map(decodeUnit),
    lines: link.lines === undefined ? undefined : decodeLines(link.lines),
  };
}

/** Whoever is not answered cannot be told to come back: what does not fit is shed, and counted as that. */
function inheritedOverflow({ lines }: LinkSection, { overflow }: OutboxSection): OutboxSection['overflow'] {
  return lines !== undefined && lines.ack === undefined && overflow === 'reject' ? 'drop-newest' : overflow;
}

function allowedOn(
  link: LinkSection,
  subdevices: readonly SubdeviceSection[],
  takesAnyone: boolean,
): readonly string[] | undefined {
  if (link.driver === 'modbus') return link.unit.map(({ id }) => id);
  if (link.subdevices.length > 0) return link.subdevices;
  if (link.lines !== undefined) return [link.lines.subdevice];
  if (takesAnyone) return undefined;
  return subdevices
    .filter((subdevice) => subdevice.link === undefined || subdevice.link === link.name)
    .map((subdevice) => subdevice.id);
}

function decodeSubdevice(subdevice: SubdeviceSection): SubdeviceConfig {
  const { product_id: productId, device_name: deviceName } = subdevice;
  return {
    id: subdevice.id,
    link: subdevice.link,
    nodeId: subdevice.node_id,
    hubIdentity: productId === undefined || deviceName === undefined ? undefined : { productId, deviceName },
    deviceSecretFile: subdevice.device_secret_file,
  };
}
