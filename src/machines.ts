/** The machines of one gateway, built by its configuration: the hub client, and one per link. */
import type { Random } from './base/random.ts';
import type { Config, LinkConfig } from './config/schema.ts';
import type { LinkMachine } from './driver/driver.ts';
import { createLinesLink } from './driver/lines.ts';
import { createModbusLink } from './driver/modbus.ts';
import { createMqttsnLink, type MqttsnLinkOptions } from './driver/mqttsn.ts';
import type { LinkPlan } from './flow/links.ts';
import { HubClient } from './hub/client.ts';
import type { Credentials } from './hub/credentials.ts';
import { firstDialAtMs } from './hub/first-dial.ts';
import type { OpenChannel, PortCare } from './ports.ts';
import { type Stations, WINDOW_MAX } from './stations.ts';

/** A hub's packet may be so much larger than its payload: topic and headers. */
const PACKET_OVERHEAD_BYTES = 66_000;
/** Wait for SUBACK, UNSUBACK and PINGRESP. */
const ANSWER_MS_MAX = 10_000;
/** Reopening a port: serial.md's leak of 7 kB per opening makes 20 MB a day at this ceiling. */
const REOPEN = { floorMs: 500, ceilingMs: 30_000 };
/** How much later than its deadline the answer of a Modbus unit may come, in deadlines: it was lost then, or is wrong. */
const MODBUS_LATENESS = 2;
/** Topics one subdevice may have ids for. */
const TOPIC_IDS_MAX = 256;

/** What the outside brings along for them. */
interface Wiring {
  readonly config: Config;
  readonly random: Random;
  readonly openLink: (link: LinkConfig) => OpenChannel;
  readonly careOf?: ((link: LinkConfig) => PortCare) | undefined;
  /** Called for every CONNECT, with the Unix ms as far as known. */
  readonly credentials: (wallMs: number | undefined) => Credentials;
}

export function newHubClient({ config, credentials, random }: Wiring, { opening, wallClock }: Stations): HubClient {
  const { hub } = config;
  return new HubClient({
    ...hub,
    credentials: () => credentials(wallClock.wallMs()),
    random,
    answerMsMax: ANSWER_MS_MAX,
    packetBytesMax: hub.payloadBytesMax + PACKET_OVERHEAD_BYTES,
    firstDialAtMs: firstDialAtMs(opening, hub.reconnectFloorMs),
    reconnect: { floorMs: hub.reconnectFloorMs, ceilingMs: hub.reconnectCeilingMs },
  });
}

export function planLinks({ config, openLink, careOf, random }: Wiring): LinkPlan[] {
  return config.links.map((link) => ({
    name: link.name,
    path: link.path,
    driver: link.driver,
    machine: newLink(link, config, random),
    open: openLink(link),
    care: careOf?.(link),
    rungs: link.recovery,
  }));
}

/** Who may publish without a connection: identity is where it comes from, by the configuration. */
function publishersOn(
  { allowedSubdevices }: LinkConfig,
  { subdevices }: Config,
): Pick<MqttsnLinkOptions, 'soleSubdevice' | 'nodes'> {
  const served = subdevices.filter(({ id }) => allowedSubdevices?.includes(id) ?? true);
  const nodes = served.flatMap(({ id, nodeId }): [string, string][] => (nodeId === undefined ? [] : [[nodeId, id]]));
  const soleSubdevice = allowedSubdevices?.length === 1 ? allowedSubdevices[0] : undefined;
  return { soleSubdevice, nodes: new Map(nodes) };
}

function newLink(link: LinkConfig, config: Config, random: Random): LinkMachine {
  const bounds = { uplinksMax: WINDOW_MAX, reopen: REOPEN, random };
  switch (link.driver) {
    case 'mqttsn':
      return createMqttsnLink({ ...link, ...bounds, ...publishersOn(link, config), topicIdsMax: TOPIC_IDS_MAX });
    case 'modbus':
      return createModbusLink({
        ...link,
        ...bounds,
        answerMsMax: link.retryMs,
        lateMsMax: link.retryMs * MODBUS_LATENESS,
      });
    case 'lines':
      if (link.lines === undefined) throw new Error(`link ${link.name} of lines without its table`);
      return createLinesLink({ ...link, ...link.lines, ...bounds });
  }
}
