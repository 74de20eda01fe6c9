/**
 * Configuration for the program: all defaults are set, all rules are checked.
 *
 * `parse.ts` creates the configuration from the file. The names are the keys of the file (`keys.ts`) in camel case:
 * `keep_alive_s` is `keepAliveS`. The types derive from the keys.
 */

import type { EnvelopeNames } from '../base/envelope-form.ts';
import type { HubIdentity } from '../base/hub-identity.ts';
import type { Rs485Mode } from '../base/rs485-mode.ts';
import type { SharedTopic } from '../base/shared-topic.ts';
import type { LinkTerms } from '../driver/link-driver.ts';
import type { AvailabilityConfig, PresenceMessagesConfig } from './availability-config.ts';
import type { FirmwareConfig } from './firmware-config.ts';
import type { HomeAssistantConfig } from './home-assistant-config.ts';
import type { HubConfig } from './hub/hub-config.ts';
import type {
  GatewaySection,
  InboxSection,
  LINK_KEYS,
  LinkSection,
  OutboxSection,
  RecorderSection,
  SUBDEVICE_KEYS,
  SubdeviceSection,
} from './keys.ts';
import type { CamelKeys } from './kinds/camel-keys.ts';
import type { Problem } from './kinds/problem.ts';
import type { MetricsConfig } from './metrics-config.ts';
import type { RemoteConfig } from './remote-keys.ts';
import type { Sections } from './sections.ts';
import type { TelemetryConfig } from './telemetry-config.ts';
import type { WebConfig } from './web-config.ts';

export interface Config {
  readonly gateway: GatewayConfig;
  readonly hub: HubConfig;
  readonly outbox: OutboxConfig;
  readonly inbox: InboxConfig;
  readonly recorder: RecorderConfig;
  /** Web page; `undefined`: none. */
  readonly web: WebConfig | undefined;
  /** Metrics on TCP; `undefined`: on the control socket only. */
  readonly metrics: MetricsConfig | undefined;
  /** Health telemetry to the hub; `undefined`: none. */
  readonly telemetry: TelemetryConfig | undefined;
  /** Remote commands and reports; `undefined`: none. */
  readonly remote: RemoteConfig | undefined;
  /** Retained states of the gateway and of the subdevices; `undefined`: none. */
  readonly availability: AvailabilityConfig | undefined;
  /** Messages to the hub that a subdevice is online or offline; `undefined`: none. */
  readonly presenceMessages: PresenceMessagesConfig | undefined;
  /** Topics at the hub that all subdevices share. */
  readonly sharedTopics: readonly SharedTopic[];
  /** Discovery documents for Home Assistant; `undefined`: none. */
  readonly homeAssistant: HomeAssistantConfig | undefined;
  /** Firmware updates of subdevices; `undefined`: off. */
  readonly firmware: FirmwareConfig | undefined;
  /** Links: at least one; names and paths are unique. */
  readonly links: readonly LinkConfig[];
  /** Subdevices, with unique ids. */
  readonly subdevices: readonly SubdeviceConfig[];
}

export type GatewayConfig = CamelKeys<GatewaySection>;

export interface OutboxConfig extends Omit<CamelKeys<OutboxSection>, 'envelopeNames'> {
  readonly envelopeNames: EnvelopeNames;
}

export type InboxConfig = CamelKeys<InboxSection>;

/** Event that can write a recording without a command. */
export type RecordingTrigger = RecorderConfig['triggers'][number];

export type RecorderConfig = CamelKeys<RecorderSection>;

type WrittenLink = CamelKeys<Pick<LinkSection, keyof typeof LINK_KEYS>>;

/** Keys of a link that become one value of another form. */
type ConvertedKey = 'subdevices' | 'rs485' | 'rs485BeforeMs' | 'rs485AfterMs';

/** Keys of a link that have the value of its driver or of the outbox if the file does not set them. */
type InheritedKey = 'retryMs' | 'retriesMax' | 'holdMs' | 'commitMs' | 'overflow' | 'envelope' | 'retainTopics';

export interface LinkConfig
  extends Omit<WrittenLink, InheritedKey | ConvertedKey>,
    Readonly<{ [Key in InheritedKey]: Exclude<WrittenLink[Key], undefined> }>,
    Pick<LinkTerms, 'allowedSubdevices'> {
  /** Decoded keys of the driver; only the driver uses the content. */
  readonly options: object;
  /** `undefined`: the mode of the port is not changed. */
  readonly rs485: Rs485Mode | undefined;
  /** True if the devices learn whether their messages were accepted, and send them again if not. */
  readonly acknowledges: boolean;
}

export interface SubdeviceConfig
  extends Omit<CamelKeys<Pick<SubdeviceSection, keyof typeof SUBDEVICE_KEYS>>, keyof HubIdentity> {
  /** Keys of drivers in the `[[subdevice]]`, in the notation of the file. */
  readonly driverKeys: Readonly<Record<string, unknown>>;
  /** Identity at the hub; `undefined` only with `generic`. */
  readonly hubIdentity: HubIdentity | undefined;
}

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config; readonly sections: Sections }
  | { readonly ok: false; readonly problems: readonly Problem[] };
