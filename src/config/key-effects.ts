/**
 * Effect of a change of each key on the running gateway. `holdfast config diff` and the reference show it, and
 * `holdfast config apply` acts by it. The types demand an entry for every key. Keys of drivers always restart their
 * link.
 */
import type { z } from 'zod';
import type { AVAILABILITY } from './availability-config.ts';
import type { ENVELOPE_NAMES } from './envelope-config.ts';
import type { FIRMWARE } from './firmware-config.ts';
import type { HOME_ASSISTANT } from './home-assistant-config.ts';
import type { HUB } from './hub/hub-keys.ts';
import type { GATEWAY, INBOX, LINK_KEYS, LISTS, OUTBOX, RECORDER, SUBDEVICE_KEYS, TABLES } from './keys.ts';
import type { METRICS_KEYS } from './metrics-config.ts';
import type { REMOTE } from './remote-keys.ts';
import type { SHARED_TOPIC } from './shared-topic-config.ts';
import type { TELEMETRY } from './telemetry-config.ts';
import type { WEB } from './web-config.ts';

/** Part of the gateway that starts again with a new value. `gateway`: the whole process. */
export type KeyEffect = 'nothing' | 'link' | 'hub' | 'gateway';

/** Effects in the order of their extent, with the words for people. */
export const EFFECT_WORDS: Readonly<Record<KeyEffect, string>> = {
  nothing: 'nothing',
  link: 'the link',
  hub: 'the hub connection',
  gateway: 'the gateway',
};

type EffectsOf<Shape extends object> = { readonly [Key in keyof Shape]: KeyEffect };
type ShapeOf<Schema extends z.ZodObject> = Schema['shape'];

const GATEWAY_EFFECTS: EffectsOf<ShapeOf<typeof GATEWAY>> = {
  name: 'gateway',
  state_dir: 'gateway',
  allow_volatile_store: 'gateway',
  control_socket: 'gateway',
  control_group: 'gateway',
  admin_group: 'gateway',
  log_level: 'nothing',
  log_format: 'gateway',
  medium_life_tb: 'nothing',
  accept_unknown_subdevices: 'gateway',
  profile_dir: 'nothing',
};

/**
 * The identity at the hub and the rules for messages in custody are fixed for the life of the process. The other keys
 * are used for the next connection.
 */
const HUB_EFFECTS: EffectsOf<ShapeOf<typeof HUB>> = {
  profile: 'gateway',
  host: 'hub',
  port: 'hub',
  transport: 'hub',
  ws_path: 'hub',
  proxy: 'hub',
  proxy_username: 'hub',
  proxy_password_file: 'hub',
  tls: 'hub',
  tls_ca_file: 'hub',
  tls_server_name: 'hub',
  tls_certificate_file: 'hub',
  tls_key_file: 'hub',
  tls_pins: 'hub',
  product_id: 'gateway',
  device_name: 'gateway',
  device_secret_file: 'hub',
  sign_method: 'gateway',
  client_id: 'hub',
  username: 'hub',
  password_file: 'hub',
  password_command: 'hub',
  password_renew_s: 'hub',
  bind: 'gateway',
  operations_batch_max: 'gateway',
  topic_template: 'gateway',
  uplink_topic: 'gateway',
  downlink_topic: 'gateway',
  retain: 'gateway',
  keep_alive_s: 'hub',
  connect_ms_max: 'hub',
  puback_ms_max: 'nothing',
  attempts_max: 'gateway',
  in_flight_max: 'gateway',
  messages_per_s: 'nothing',
  payload_bytes_max: 'gateway',
  topic_bytes_max: 'gateway',
  topic_slashes_max: 'gateway',
  reconnect_floor_ms: 'hub',
  reconnect_ceiling_ms: 'hub',
  boot_spread_ms: 'nothing',
  subscriptions_max: 'gateway',
  resync_topic: 'gateway',
};

const OUTBOX_EFFECTS: EffectsOf<ShapeOf<typeof OUTBOX>> = {
  messages_max: 'nothing',
  bytes_max: 'nothing',
  age_hours_max: 'gateway',
  overflow: 'nothing',
  alarm_topics: 'gateway',
  retain_topics: 'nothing',
  live_share: 'gateway',
  hold_ms: 'nothing',
  commit_ms: 'gateway',
  envelope: 'nothing',
  envelope_names: 'nothing',
};

const ENVELOPE_NAMES_EFFECTS: EffectsOf<ShapeOf<typeof ENVELOPE_NAMES>> = {
  payload: 'nothing',
  encoding: 'nothing',
  measured_at: 'nothing',
  age_ms: 'nothing',
  time_quality: 'nothing',
  age_quality: 'nothing',
  replayed: 'nothing',
  seq: 'nothing',
};

const INBOX_EFFECTS: EffectsOf<ShapeOf<typeof INBOX>> = {
  messages_max: 'nothing',
  age_hours_max: 'gateway',
  replay_interval_ms: 'nothing',
  overflow: 'nothing',
  hold_ms: 'nothing',
  retained_commands: 'gateway',
};

const RECORDER_EFFECTS: EffectsOf<ShapeOf<typeof RECORDER>> = {
  ring_bytes: 'gateway',
  triggers: 'gateway',
  files_max: 'nothing',
  bytes_max: 'nothing',
};

const WEB_EFFECTS: EffectsOf<ShapeOf<typeof WEB>> = {
  listen: 'nothing',
  token_file: 'nothing',
  allow_remote: 'nothing',
  host_names: 'nothing',
};

const METRICS_EFFECTS: EffectsOf<ShapeOf<typeof METRICS_KEYS>> = {
  listen: 'nothing',
  allow_remote: 'nothing',
  host_names: 'nothing',
};

const TELEMETRY_EFFECTS: EffectsOf<ShapeOf<typeof TELEMETRY>> = {
  topic: 'gateway',
  every_minutes: 'gateway',
  on_change: 'gateway',
  retain: 'gateway',
};

const REMOTE_EFFECTS: EffectsOf<ShapeOf<typeof REMOTE>> = {
  commands: 'gateway',
  request_topic: 'gateway',
  answer_topic: 'gateway',
  requests_per_minute: 'gateway',
  config: 'gateway',
  config_topic: 'gateway',
  config_report_topic: 'gateway',
  report_firmware: 'gateway',
};

const AVAILABILITY_EFFECTS: EffectsOf<ShapeOf<typeof AVAILABILITY>> = {
  gateway_topic: 'gateway',
  subdevice_topic: 'gateway',
  online_payload: 'gateway',
  offline_payload: 'gateway',
  connect_topic: 'gateway',
  disconnect_topic: 'gateway',
};

const HOME_ASSISTANT_EFFECTS: EffectsOf<ShapeOf<typeof HOME_ASSISTANT>> = {
  discovery_prefix: 'nothing',
};

const FIRMWARE_EFFECTS: EffectsOf<ShapeOf<typeof FIRMWARE>> = {
  enabled: 'gateway',
  offer_topic: 'gateway',
  report_topic: 'gateway',
  ca_file: 'gateway',
  rate_kib_s: 'gateway',
  image_mib_max: 'gateway',
  line_share: 'gateway',
  attempts_max: 'gateway',
  give_up_hours: 'gateway',
};

const LINK_EFFECTS: EffectsOf<typeof LINK_KEYS> = {
  name: 'link',
  path: 'link',
  tls_ca_file: 'link',
  baud_rate: 'link',
  data_bits: 'link',
  parity: 'link',
  stop_bits: 'link',
  rs485: 'link',
  rs485_before_ms: 'link',
  rs485_after_ms: 'link',
  driver: 'link',
  retry_ms: 'link',
  retries_max: 'link',
  recovery: 'link',
  hold_ms: 'nothing',
  commit_ms: 'nothing',
  overflow: 'nothing',
  envelope: 'nothing',
  retain_topics: 'nothing',
  uplink_topic: 'gateway',
  downlink_topic: 'gateway',
  subdevices: 'link',
};

/** The identity of a subdevice is part of the topics of its messages in custody. */
const SUBDEVICE_EFFECTS: EffectsOf<typeof SUBDEVICE_KEYS> = {
  id: 'nothing',
  link: 'nothing',
  product_id: 'gateway',
  device_name: 'gateway',
  device_secret_file: 'nothing',
  uplink_topic: 'gateway',
  downlink_topic: 'gateway',
  hub_name: 'gateway',
};

/** A shared topic is the topic of messages in custody. */
const SHARED_TOPIC_EFFECTS: EffectsOf<ShapeOf<typeof SHARED_TOPIC>> = {
  topic: 'gateway',
  form: 'gateway',
  uplinks: 'gateway',
  downlinks: 'gateway',
};

const EFFECTS: Readonly<
  Record<keyof typeof TABLES | keyof typeof LISTS | 'outbox.envelope_names', Readonly<Record<string, KeyEffect>>>
> = {
  gateway: GATEWAY_EFFECTS,
  hub: HUB_EFFECTS,
  outbox: OUTBOX_EFFECTS,
  'outbox.envelope_names': ENVELOPE_NAMES_EFFECTS,
  inbox: INBOX_EFFECTS,
  recorder: RECORDER_EFFECTS,
  web: WEB_EFFECTS,
  metrics: METRICS_EFFECTS,
  telemetry: TELEMETRY_EFFECTS,
  remote: REMOTE_EFFECTS,
  availability: AVAILABILITY_EFFECTS,
  home_assistant: HOME_ASSISTANT_EFFECTS,
  firmware: FIRMWARE_EFFECTS,
  link: LINK_EFFECTS,
  subdevice: SUBDEVICE_EFFECTS,
  shared_topic: SHARED_TOPIC_EFFECTS,
};

/** @param section section without brackets, such as `hub` or `link.unit` */
export function effectOf(section: string, key: string): KeyEffect {
  const effect = new Map<string, Readonly<Record<string, KeyEffect>>>(Object.entries(EFFECTS)).get(section)?.[key];
  if (effect !== undefined) return effect;
  // keys of drivers, in sections of a link or of a subdevice, and keys of device profiles
  if (/^(link|subdevice|profile|serial)(\.|$)/.test(section)) return 'link';
  throw new Error(`the key ${section}.${key} has no effect in the table of effects`);
}
