/**
 * The configuration as the program uses it: every default filled in, every rule checked, nothing optional by accident.
 *
 * `parse.ts` makes it from the file. The names are those of the file (`keys.ts`) in camel case, so `keep_alive_s` is
 * `keepAliveS`; where a key is empty in the file and the profile decides, the decision is already made here.
 */

import type { HubIdentity, SignMethod } from '../base/hub-identity.ts';
import type { RecoveryStep } from '../base/recovery-step.ts';
import type { LinesConfig } from './lines/lines-schema.ts';
import type { UnitConfig } from './modbus/modbus-schema.ts';

export type HubProfile = 'generic' | 'intl' | 'mainland';
/** What the subdevices of a link speak. */
export type LinkDriver = 'mqttsn' | 'modbus' | 'lines';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'text' | 'json';
/** What gives way when the outbox is full. `reject`: the sender is told to come back later, nothing is lost. */
export type OutboxOverflow = 'reject' | 'drop-oldest' | 'drop-newest' | 'keep-latest';
/** What gives way when the inbox of one subdevice is full; the hub cannot be told to come back. */
export type InboxOverflow = 'drop-oldest' | 'drop-newest';

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

export interface GatewayConfig {
  /** `^[A-Za-z0-9_-]{1,64}$` */
  readonly name: string;
  /** Absolute path of a directory of our own. */
  readonly stateDir: string;
  /** The state directory may be in RAM, where a power cut loses it. */
  readonly allowVolatileStore: boolean;
  /** Absolute path of the Unix socket of the control API; at most 96 bytes (sockaddr_un). */
  readonly controlSocket: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Serve subdevices that have no `[[subdevice]]` of their own; never with a hub profile. */
  readonly acceptUnknownSubdevices: boolean;
}

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

export interface OutboxConfig {
  readonly messagesMax: number;
  /** Topic, payload and row overhead (`chargedBytes`). */
  readonly bytesMax: number;
  /** 0 = uplinks never expire. */
  readonly ageHoursMax: number;
  readonly overflow: OutboxOverflow;
  /** Filters on the subdevice's own topics: what matches overtakes everything else. */
  readonly alarmTopics: readonly string[];
  /** 0 to 1: of what alarms leave of the ceiling, for messages of this connection while there is a backlog. */
  readonly liveShare: number;
  /** How long an uplink may wait in RAM for the hub's PUBACK before it is committed. */
  readonly holdMs: number;
  /** How long a commit waits for company. */
  readonly commitMs: number;
}

export interface InboxConfig {
  /** Per subdevice. */
  readonly messagesMax: number;
  /** 0 = downlinks never expire. */
  readonly ageHoursMax: number;
  /** Pause between two stored downlinks to one subdevice that came back. */
  readonly replayIntervalMs: number;
  readonly overflow: InboxOverflow;
  /** How long a downlink may wait in RAM for the subdevice before it is committed. */
  readonly holdMs: number;
  /** Which messages with RETAIN a subdevice gets. */
  readonly retainedCommands: 'once' | 'always' | 'never';
}

/** What may freeze a recording by itself. */
export type RecordingTrigger = 'store-failed' | 'bug' | 'hub-protocol' | 'crc-storm' | 'dead-letter';

export interface RecorderConfig {
  /** Of one link, or of the hub's connection; 0 = nothing is kept. */
  readonly ringBytes: number;
  readonly triggers: readonly RecordingTrigger[];
  /** Of the recordings in the state directory. */
  readonly filesMax: number;
  readonly bytesMax: number;
}

export interface LinkConfig {
  readonly name: string;
  /** What the port is called: see `base/serial-port.ts`. */
  readonly path: string;
  readonly baudRate: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  readonly framing: 'sn-cobs' | 'sn-raw';
  readonly driver: LinkDriver;
  readonly packetBytesMax: number;
  readonly retryMs: number;
  readonly retriesMax: number;
  /** 1 to 255. */
  readonly gatewayId: number;
  /** Seconds between two ADVERTISE; 0 = none. */
  readonly advertiseS: number;
  /** What may be tried for a line that is open and does not work, in this order. */
  readonly recovery: readonly RecoveryStep[];
  /** These three come from the outbox where the link says nothing. */
  readonly holdMs: number;
  readonly commitMs: number;
  readonly overflow: OutboxOverflow;
  /**
   * Who is served here: the link's own list, or every `[[subdevice]]` that is not tied to another link.
   * With `acceptUnknownSubdevices` and no list of its own: `undefined`, everybody.
   */
  readonly allowedSubdevices: readonly string[] | undefined;
  /** Topic id → the subdevice's own name for the topic. */
  readonly predefinedTopics: ReadonlyMap<number, string>;
  /** Empty but with driver modbus. */
  readonly units: readonly UnitConfig[];
  /** With driver lines, and there only. */
  readonly lines: LinesConfig | undefined;
}

export interface SubdeviceConfig {
  readonly id: string;
  /** Served on this link only; `undefined`: wherever it shows up and is allowed. */
  readonly link: string | undefined;
  /** Wireless node id in hexadecimal, behind a forwarder. */
  readonly nodeId: string | undefined;
  /** How the hub knows it; `undefined` only with `generic`. */
  readonly hubIdentity: HubIdentity | undefined;
  /** Holds its device secret: needed to bind it. */
  readonly deviceSecretFile: string | undefined;
}

/** One thing that is wrong with the file. */
export interface Problem {
  /** Where: `link[1].baud_rate`, counted from 0 as in the parsed file; `line 3, column 7` for broken TOML. */
  readonly path: string;
  /** What is wrong, as a sentence without a full stop. */
  readonly what: string;
  /** What to do about it. */
  readonly hint: string;
}

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };
