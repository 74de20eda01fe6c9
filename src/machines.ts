/** The machines of one gateway, built by its configuration: the hub client, and one per link. */
import type { Random } from './base/random.ts';
import { HUB } from './base/step.ts';
import type { Config, LinkConfig } from './config/schema.ts';
import { createMqttsnLink } from './driver/mqttsn.ts';
import { FlightRecorder } from './flow/flight-recorder.ts';
import type { LinkPlan } from './flow/links.ts';
import { blankPassword } from './hub/blank-password.ts';
import { HubClient } from './hub/client.ts';
import type { Credentials } from './hub/credentials.ts';
import { firstDialAtMs } from './hub/first-dial.ts';
import type { OpenChannel } from './ports.ts';
import { type Stations, WINDOW_MAX } from './stations.ts';

/** A hub's packet may be so much larger than its payload: topic and headers. */
const PACKET_OVERHEAD_BYTES = 66_000;
/** Wait for SUBACK, UNSUBACK and PINGRESP. */
const ANSWER_MS_MAX = 10_000;
/** Reopening a port: serial.md's leak of 7 kB per opening makes 20 MB a day at this ceiling. */
const REOPEN = { floorMs: 500, ceilingMs: 30_000 };
/** Topics one subdevice may have ids for. */
const TOPIC_IDS_MAX = 256;

/** What the outside brings along for them. */
interface Wiring {
  readonly config: Config;
  readonly random: Random;
  readonly openLink: (link: LinkConfig) => OpenChannel;
  /** Called for every CONNECT, with the Unix ms as far as known. */
  readonly credentials: (wallMs: number | undefined) => Credentials;
}

/** The client towards the hub, and what records it. */
export function planHub(
  { config, credentials, random }: Wiring,
  { opening, wallClock }: Stations,
): { readonly client: HubClient; readonly recorder: FlightRecorder } {
  const { keepAliveS, connectMsMax, payloadBytesMax, reconnectFloorMs, reconnectCeilingMs } = config.hub;
  const options = {
    ...{ keepAliveS, connectMsMax, answerMsMax: ANSWER_MS_MAX },
    packetBytesMax: payloadBytesMax + PACKET_OVERHEAD_BYTES,
    firstDialAtMs: firstDialAtMs(opening, reconnectFloorMs),
    reconnect: { floorMs: reconnectFloorMs, ceilingMs: reconnectCeilingMs },
  };
  const recorder = new FlightRecorder({
    ...{ subject: { name: HUB, driver: HUB, options }, random, blank: blankPassword },
    bytesMax: config.recorder.ringBytes,
    stateOf: () => client.state,
  });
  const client = new HubClient({
    ...options,
    credentials: () => credentials(wallClock.wallMs()),
    random: recorder.random,
  });
  return { client, recorder };
}

export function planLinks({ config, openLink, random }: Wiring): LinkPlan[] {
  return config.links.map((link) => {
    const options = { ...link, uplinksMax: WINDOW_MAX, topicIdsMax: TOPIC_IDS_MAX, reopen: REOPEN };
    const recorder = new FlightRecorder({
      ...{ subject: { name: link.name, driver: link.driver, options }, random },
      bytesMax: config.recorder.ringBytes,
      stateOf: () => machine.state,
    });
    const machine = createMqttsnLink({ ...options, random: recorder.random });
    return { name: link.name, path: link.path, machine, recorder, open: openLink(link) };
  });
}
