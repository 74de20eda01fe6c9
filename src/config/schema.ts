/**
 * Configuration for the program: all defaults are set, all rules are checked.
 *
 * `parse.ts` creates the configuration from the file. The names are the keys of the file (`keys.ts`) in camel case:
 * `keep_alive_s` is `keepAliveS`. A key that is missing in the file has the default of the profile here.
 */

import type { HubIdentity, SignMethod } from '../base/hub-identity.ts';
import type { RecoveryStep } from '../base/recovery-step.ts';
import type { LinkTerms } from '../driver/link-driver.ts';
import type { HubProfile } from './hub/profiles.ts';
import type { GatewaySection, InboxSection, OutboxSection } from './keys.ts';
import type { CamelKeys } from './kinds/camel-keys.ts';
import type { Problem } from './kinds/problem.ts';
import type { RecorderSection } from './recorder-keys.ts';

/** Rule for a full outbox. `reject`: the sender is asked to send again later, and nothing is lost. */
export type OutboxOverflow = OutboxConfig['overflow'];

export interface Config {
  readonly gateway: GatewayConfig;
  readonly hub: HubConfig;
  readonly outbox: OutboxConfig;
  readonly inbox: InboxConfig;
  readonly recorder: RecorderConfig;
  /** At least one; names and paths are unique. */
  readonly links: readonly LinkConfig[];
  /** Ids are unique. */
  readonly subdevices: readonly SubdeviceConfig[];
}

export type GatewayConfig = CamelKeys<GatewaySection>;

/** Credentials of the gateway at the hub. Secrets are in files only. */
export type HubCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly username: string; readonly passwordFile: string | undefined }
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

export interface HubConfig {
  readonly profile: HubProfile;
  readonly host: string;
  readonly port: number;
  readonly tls: HubTls;
  /** `manual`: a technician binds subdevices. `auto`: the gateway binds configured subdevices with a secret. */
  readonly bind: 'manual' | 'auto';
  /** Largest number of subdevices in one request to the hub. */
  readonly operationsBatchMax: number;
  /** Kind `device` with the hub profiles, `none` or `password` with `generic`. */
  readonly credentials: HubCredentials;
  /** MQTT client id. Hub profiles: product id followed by device name. */
  readonly clientId: string;
  /** Template that ends in `{topic}`; `profiles.ts` lists the placeholders. */
  readonly topicTemplate: string;
  /** True if RETAIN of a PUBLISH or will of a subdevice is sent to the hub (generic only). */
  readonly retain: boolean;
  /** Seconds; 0 = no keep alive (generic only). */
  readonly keepAliveS: number;
  /** Longest time from opening the connection to CONNACK. */
  readonly connectMsMax: number;
  readonly pubackMsMax: number;
  /** Attempts to send one message without PUBACK before the message becomes a dead letter. */
  readonly attemptsMax: number;
  readonly inFlightMax: number;
  /** Highest rate of all publishes; 0 = no limit. */
  readonly messagesPerS: number;
  readonly payloadBytesMax: number;
  /** Longest topic at the hub, in bytes of UTF-8. */
  readonly topicBytesMax: number;
  /** Largest number of slashes in a topic at the hub; 0 = no limit. */
  readonly topicSlashesMax: number;
  readonly reconnectFloorMs: number;
  readonly reconnectCeilingMs: number;
  /** Largest number of filters of one connection; 0 = no limit. */
  readonly subscriptionsMax: number;
  /** Topic of the message that downlinks may be missing; `undefined`: no message. */
  readonly resyncTopic: string | undefined;
}

export type OutboxConfig = CamelKeys<OutboxSection>;

export type InboxConfig = CamelKeys<InboxSection>;

/** Event that can write a recording without a command. */
export type RecordingTrigger = RecorderConfig['triggers'][number];

export type RecorderConfig = CamelKeys<RecorderSection>;

export interface LinkConfig extends LinkTerms {
  /** Name of the serial port: see `base/serial-port.ts`. */
  readonly path: string;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  /** Name of a driver of `driver/drivers.ts`. */
  readonly driver: string;
  /** Decoded keys of the driver; only the driver uses the content. */
  readonly options: object;
  /** Recovery steps for a line that is open and does not work, in this order. */
  readonly recovery: readonly RecoveryStep[];
  /** `holdMs`, `commitMs` and `overflow` have the values of the outbox if the link does not set them. */
  readonly holdMs: number;
  readonly commitMs: number;
  readonly overflow: OutboxOverflow;
}

export interface SubdeviceConfig {
  readonly id: string;
  /** Only link that serves the subdevice; `undefined`: every link on which the subdevice is allowed. */
  readonly link: string | undefined;
  /** Keys of drivers in the `[[subdevice]]`, in the notation of the file. */
  readonly driverKeys: Readonly<Record<string, unknown>>;
  /** Identity at the hub; `undefined` only with `generic`. */
  readonly hubIdentity: HubIdentity | undefined;
  /** File with the device secret, which a bind requires. */
  readonly deviceSecretFile: string | undefined;
}

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };
