/**
 * Conversion of sections without problems to a `Config`: keys in camel case, missing keys with the defaults of the
 * profile. All defaults that depend on another key are set in this file.
 */

import { DRIVERS, driverNamed } from '../driver/drivers.ts';
import { PROFILE_DEFAULTS } from './hub/profiles.ts';
import type { HubSection, LinkSection, OutboxSection, SubdeviceSection } from './keys.ts';
import { camelKeys } from './kinds/camel-keys.ts';
import type { Config, HubConfig, HubCredentials, HubTls, LinkConfig, SubdeviceConfig } from './schema.ts';
import type { Sections } from './sections.ts';

/** Ports of the IANA service names mqtt and secure-mqtt; the IoT hub uses the same ports. */
const MQTT_PORT = 1883;
const MQTT_TLS_PORT = 8883;
/** The vendor's SDKs send one device in a request; no document limits the number. 64 is fast enough. */
const OPERATIONS_BATCH_MAX = 64;

/** @param sections sections without any problem; a missing section is a bug of the caller */
export function decodeConfig(sections: Sections): Config {
  const { gateway, hub, outbox, inbox, recorder } = sections;
  if (!gateway || !hub || !outbox || !inbox || !recorder) {
    throw new Error('decodeConfig: a section is missing, but no problem was reported');
  }
  const links = sections.links.filter((link) => link !== undefined);
  const subdevices = sections.subdevices.filter((subdevice) => subdevice !== undefined);
  return {
    gateway: camelKeys(gateway),
    hub: decodeHub(hub, gateway.name),
    outbox: camelKeys(outbox),
    inbox: camelKeys(inbox),
    recorder: camelKeys(recorder),
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
      if (hub.device_secret_file === undefined)
        throw new Error('decodeTls: the secret is missing, but no problem was reported');
      return { kind: 'psk', secretFile: hub.device_secret_file };
  }
}

function decodeLink(link: LinkSection, outbox: OutboxSection, allowed: readonly string[] | undefined): LinkConfig {
  const driver = driverNamed(link.driver);
  return {
    name: link.name,
    path: link.path,
    baudRate: link.baud_rate,
    parity: link.parity,
    stopBits: link.stop_bits === 2 ? 2 : 1,
    driver: link.driver,
    options: driver.decode(link),
    retryMs: link.retry_ms ?? driver.retry.retryMs,
    retriesMax: link.retries_max ?? driver.retry.retriesMax,
    recovery: link.recovery,
    holdMs: link.hold_ms ?? outbox.hold_ms,
    commitMs: link.commit_ms ?? outbox.commit_ms,
    overflow: link.overflow ?? inheritedOverflow(driver.acknowledges(link), outbox),
    allowedSubdevices: allowed,
  };
}

/** A device without acknowledgements cannot be asked to send again: messages above the limit are shed and counted. */
function inheritedOverflow(isAcknowledged: boolean, { overflow }: OutboxSection): OutboxSection['overflow'] {
  return !isAcknowledged && overflow === 'reject' ? 'drop-newest' : overflow;
}

function allowedOn(
  link: LinkSection,
  subdevices: readonly SubdeviceSection[],
  acceptsUnknown: boolean,
): readonly string[] | undefined {
  const driver = driverNamed(link.driver);
  const listed = driver.listed(link, '');
  if (listed.length > 0 || !driver.servesUnlisted) return listed.map(({ id }) => id);
  if (acceptsUnknown) return undefined;
  return subdevices
    .filter((subdevice) => subdevice.link === undefined || subdevice.link === link.name)
    .map((subdevice) => subdevice.id);
}

const SUBDEVICE_KEYS = DRIVERS.flatMap(({ subdeviceKeys }) => Object.keys(subdeviceKeys));

function decodeSubdevice(subdevice: SubdeviceSection): SubdeviceConfig {
  const { product_id: productId, device_name: deviceName } = subdevice;
  return {
    id: subdevice.id,
    link: subdevice.link,
    hubIdentity: productId === undefined || deviceName === undefined ? undefined : { productId, deviceName },
    deviceSecretFile: subdevice.device_secret_file,
    driverKeys: Object.fromEntries(
      SUBDEVICE_KEYS.flatMap((key) => (subdevice[key] === undefined ? [] : [[key, subdevice[key]]])),
    ),
  };
}
