/**
 * The configuration as the program uses it: every default filled in, every rule checked, nothing optional by accident.
 *
 * `parse.ts` makes it from the file. The names are those of the file (`keys.ts`) in camel case, so `keep_alive_s` is
 * `keepAliveS`; where a key is empty in the file and the profile decides, the decision is already made here.
 */

import type { HubIdentity, SignMethod } from '../base/hub-identity.ts';
import type { RecoveryStep } from '../base/recovery-step.ts';
import type { LinkTerms } from '../driver/link-driver.ts';
import type { HubProfile } from './hub/profiles.ts';
import type { GatewaySection, InboxSection, OutboxSection } from './keys.ts';
import type { CamelKeys } from './kinds/camel-keys.ts';
import type { Problem } from './kinds/problem.ts';
import type { RecorderSection } from './recorder-keys.ts';

/** What gives way when the outbox is full. `reject`: the sender is told to come back later, nothing is lost. */
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

/** How the gateway proves who it is. Secrets stay in their files. */
export type HubCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly username: string; readonly passwordFile: string | undefined }
  | {
      readonly kind: 'device';
      readonly productId: string;
      readonly deviceName: string;
      /**
       * Holds the device secret as the hub's console shows it: base64. `undefined`: TLS has proved who we are, by the
       * client certificate or by the device secret as its key, and CONNECT carries no password.
       */
      readonly deviceSecretFile: string | undefined;
      /** Of the password, and of what subdevices are bound with. */
      readonly signMethod: SignMethod;
    };

/** How the way to the hub is protected. */
export type HubTls =
  | { readonly kind: 'off' }
  | {
      readonly kind: 'on';
      /** `undefined`: the authorities that this machine trusts. */
      readonly caFile: string | undefined;
      /** What the hub's certificate must be for: a name, or the address in `host`. */
      readonly serverName: string;
      /** Base64 SHA-256 of the public keys that the hub may have; empty: any. */
      readonly pins: readonly string[];
      readonly client: { readonly certificateFile: string; readonly keyFile: string } | undefined;
    }
  /** `secretFile` holds the device secret, base64. */
  | { readonly kind: 'psk'; readonly secretFile: string };

export interface HubConfig {
  readonly profile: HubProfile;
  readonly host: string;
  readonly port: number;
  readonly tls: HubTls;
  /** Who binds subdevices that are configured and not bound. */
  readonly bind: 'manual' | 'auto';
  /** Subdevices in one request of the gateway protocol. */
  readonly operationsBatchMax: number;
  /** `device` with the hub profiles, one of the others with `generic`. */
  readonly credentials: HubCredentials;
  /** Hub profiles: product id and device name, one after the other. */
  readonly clientId: string;
  /** Ends in `{topic}`; the placeholders are listed in `profiles.ts`. */
  readonly topicTemplate: string;
  /** Whether RETAIN of a subdevice's PUBLISH and will is passed on to the hub (generic only). */
  readonly retain: boolean;
  /** Seconds; 0 = no keep alive (generic only). */
  readonly keepAliveS: number;
  /** From the first byte of the dial to CONNACK. */
  readonly connectMsMax: number;
  readonly pubackMsMax: number;
  /** Sendings of one message that got no PUBACK, before it becomes a dead letter. */
  readonly attemptsMax: number;
  readonly inFlightMax: number;
  /** Ceiling over everything we publish; 0 = no ceiling. */
  readonly messagesPerS: number;
  readonly payloadBytesMax: number;
  /** Of a topic as the hub knows it, in UTF-8. */
  readonly topicBytesMax: number;
  /** Slashes in such a topic; 0 = no limit. */
  readonly topicSlashesMax: number;
  readonly reconnectFloorMs: number;
  readonly reconnectCeilingMs: number;
  /** Filters one connection may hold; 0 = no limit. */
  readonly subscriptionsMax: number;
  /** Where the hub's application side is told that downlinks may be missing; `undefined`: it is not. */
  readonly resyncTopic: string | undefined;
}

export type OutboxConfig = CamelKeys<OutboxSection>;

export type InboxConfig = CamelKeys<InboxSection>;

/** What may freeze a recording by itself. */
export type RecordingTrigger = RecorderConfig['triggers'][number];

export type RecorderConfig = CamelKeys<RecorderSection>;

export interface LinkConfig extends LinkTerms {
  /** What the port is called: see `base/serial-port.ts`. */
  readonly path: string;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  /** Name of a driver of `driver/drivers.ts`. */
  readonly driver: string;
  /** Keys of the driver, decoded; only the driver looks inside. */
  readonly options: object;
  /** Steps that may be tried for a line that is open and does not work, in this order. */
  readonly recovery: readonly RecoveryStep[];
  /** These three come from the outbox if the link does not set them. */
  readonly holdMs: number;
  readonly commitMs: number;
  readonly overflow: OutboxOverflow;
}

export interface SubdeviceConfig {
  readonly id: string;
  /** Served on this link only; `undefined`: wherever it shows up and is allowed. */
  readonly link: string | undefined;
  /** Keys that drivers have in a `[[subdevice]]`, as the file has them. */
  readonly driverKeys: Readonly<Record<string, unknown>>;
  /** How the hub knows it; `undefined` only with `generic`. */
  readonly hubIdentity: HubIdentity | undefined;
  /** Holds its device secret: needed to bind it. */
  readonly deviceSecretFile: string | undefined;
}

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };
