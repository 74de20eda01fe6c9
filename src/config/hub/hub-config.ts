/** Configuration of the hub for the program: the keys of the section with all defaults. */
import { hostAndPort } from '../../base/host-and-port.ts';
import type { SignMethod } from '../../base/hub-identity.ts';
import type { TopicTemplates } from '../../base/topic-template.ts';
import { type CamelKeys, camelKeys } from '../kinds/camel-keys.ts';
import { type HubSection, PLAIN_KEYS } from './hub-keys.ts';
import { PROFILE_DEFAULTS, type ProfileDefaults } from './profiles.ts';
import { type ProxyAddress, proxyAddressOf } from './route-rules.ts';

/**
 * Ports of the IANA service names mqtt and secure-mqtt, and of http and https for WebSocket (RFC 6455 §3). The IoT hub uses
 * the same ports.
 */
const PORTS = { tcp: { plain: 1883, secure: 8883 }, ws: { plain: 80, secure: 443 } } as const;
/** Path of most brokers. */
const WS_PATH = '/mqtt';

/** Credentials of the gateway at the hub. Secrets are in files only. */
export type HubCredentials =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'password';
      readonly username: string;
      readonly passwordFile: string | undefined;
      /** Program that prints the password, and its arguments. Not together with `passwordFile`. */
      readonly passwordCommand: readonly [path: string, ...words: string[]] | undefined;
      /** Time after which another password is used, in s; `undefined`: only at the next connection. */
      readonly renewS: number | undefined;
    }
  | {
      readonly kind: 'device';
      readonly productId: string;
      readonly deviceName: string;
      /**
       * File with the device secret in base64, as the console of the hub shows the secret. `undefined`: TLS
       * authenticates the gateway, by client certificate or with the device secret as pre-shared key, and CONNECT has
       * no password.
       */
      readonly deviceSecretFile: string | undefined;
      /** Algorithm of the password, and of the signatures that bind subdevices. */
      readonly signMethod: SignMethod;
    };

/** Carrier of MQTT packets. */
export type HubTransport = { readonly kind: 'tcp' } | { readonly kind: 'ws'; readonly path: string };

/** HTTP proxy on the way to the hub. */
export interface HubProxy extends ProxyAddress {
  readonly login: { readonly username: string; readonly passwordFile: string } | undefined;
}

/** Protection of the connection to the hub. */
export type HubTls =
  | { readonly kind: 'off' }
  | {
      readonly kind: 'on';
      /** `undefined`: the CA certificates of the system. */
      readonly caFile: string | undefined;
      /** Name that the certificate of the hub must contain: a host name, or the address in `host`. */
      readonly serverName: string;
      /** Base64 SHA-256 of each accepted public key of the hub; empty: any key. */
      readonly pins: readonly string[];
      readonly client: { readonly certificateFile: string; readonly keyFile: string } | undefined;
    }
  /** `secretFile` contains the device secret in base64. */
  | { readonly kind: 'psk'; readonly secretFile: string };

/** Section in which a missing key has the default of its profile. */
type FullSection = HubSection & ProfileDefaults;

export interface HubConfig extends CamelKeys<Pick<FullSection, keyof typeof PLAIN_KEYS>> {
  readonly port: number;
  readonly bootSpreadMs: number;
  readonly transport: HubTransport;
  readonly proxy: HubProxy | undefined;
  readonly tls: HubTls;
  /** Kind `device` with the hub profiles, `none` or `password` with `generic`. */
  readonly credentials: HubCredentials;
  /** Templates of the topics of subdevices, if neither the link nor the `[[subdevice]]` has its own. */
  readonly topics: TopicTemplates;
  /** MQTT client id. Hub profiles: product id followed by device name. */
  readonly clientId: string;
}

/** Words for the proxy in texts, after `host:port` of the hub; `''`: no proxy. */
export function viaProxy({ proxy }: Pick<HubConfig, 'proxy'>): string {
  return proxy === undefined ? '' : ` through the proxy ${hostAndPort(proxy)}`;
}

/** Steps of opening a connection, in words. */
export function openingStepsOf({ proxy, tls, transport }: Pick<HubConfig, 'proxy' | 'tls' | 'transport'>): string {
  const steps = [
    'name look-up',
    'TCP connection',
    ...(proxy === undefined ? [] : ['tunnel of the proxy']),
    ...(tls.kind === 'off' ? [] : ['TLS handshake']),
    ...(transport.kind === 'tcp' ? [] : ['WebSocket handshake']),
  ];
  return `${steps.slice(0, -1).join(', ')} and ${steps.at(-1)}`;
}

export function decodeHub(section: HubSection, gatewayName: string): HubConfig {
  const hub: FullSection = Object.assign({}, PROFILE_DEFAULTS[section.profile], section);
  const credentials = decodeCredentials(hub);
  return {
    ...camelKeys(hub, PLAIN_KEYS),
    port: hub.port ?? PORTS[hub.transport][hub.tls === 'off' ? 'plain' : 'secure'],
    // as wide as the first pauses after a lost connection, so one number sizes both waves (docs/fleet.md)
    bootSpreadMs: hub.boot_spread_ms ?? 2 * hub.reconnect_floor_ms,
    transport: hub.transport === 'tcp' ? { kind: 'tcp' } : { kind: 'ws', path: hub.ws_path ?? WS_PATH },
    proxy: decodeProxy(hub),
    tls: decodeTls(hub),
    credentials,
    topics: { uplink: hub.uplink_topic ?? hub.topic_template, downlink: hub.downlink_topic ?? hub.topic_template },
    clientId:
      credentials.kind === 'device'
        ? `${credentials.productId}${credentials.deviceName}`
        : (hub.client_id ?? gatewayName),
  };
}

function decodeCredentials(hub: FullSection): HubCredentials {
  const { product_id: productId, device_name: deviceName, device_secret_file: deviceSecretFile } = hub;
  if (productId !== undefined && deviceName !== undefined) {
    return {
      kind: 'device',
      productId,
      deviceName,
      deviceSecretFile: hub.tls === 'psk' ? undefined : deviceSecretFile,
      signMethod: hub.sign_method,
    };
  }
  if (hub.username === undefined) return { kind: 'none' };
  const [path, ...words] = hub.password_command ?? [];
  return {
    kind: 'password',
    username: hub.username,
    passwordFile: hub.password_file,
    passwordCommand: path === undefined ? undefined : [path, ...words],
    renewS: hub.password_renew_s,
  };
}

function decodeProxy({ proxy, proxy_username: username, proxy_password_file: passwordFile }: HubSection) {
  const address = proxy === undefined ? undefined : proxyAddressOf(proxy);
  if (address === undefined) return undefined;
  const login = username === undefined || passwordFile === undefined ? undefined : { username, passwordFile };
  return { ...address, login };
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
