/** The machines of one gateway, built by its configuration: the hub client, and one per link. */
import type { Random } from '../base/random.ts';
import { HUB } from '../base/step.ts';
import type { Config, HubConfig, LinkConfig } from '../config/schema.ts';
import type { LinkMachine } from '../driver/driver.ts';
import { createLinesLink } from '../driver/lines/link.ts';
import { createModbusLink } from '../driver/modbus/link.ts';
import { createMqttsnLink, type MqttsnLinkOptions } from '../driver/mqttsn/link.ts';
import type { LinkPlan } from '../flow/links.ts';
import { RenewableLink } from '../flow/renewable-link.ts';
import { blankPassword } from '../hub/client/blank-password.ts';
import type { Credentials } from '../hub/client/credentials.ts';
import { firstDialAtMs } from '../hub/client/first-dial.ts';
import { HubClient } from '../hub/client/hub-client.ts';
import type { SignsWith } from '../hub/client/hub-contract.ts';
import type { OpenChannel, PortCare } from '../ports.ts';
import { FlightRecorder } from '../recorder/flight-recorder.ts';
import { type Stations, WINDOW_MAX } from './stations.ts';

/** A hub's packet may be so much larger than its payload: topic and headers. */
const PACKET_OVERHEAD_BYTES = 66_000;
/** Wait for SUBACK, UNSUBACK and PINGRESP. */
const ANSWER_MS_MAX = 10_000;
/** Reopening a port: serial.md's leak of 7 kB per opening makes 20 MB a day at this ceiling. */
const REOPEN = { floorMs: 500, ceilingMs: 30_000 };
/** How much later than its deadline the answer of a Modbus unit may come, in deadlines: it was lost then, or is wrong. */
const MODBUS_LATENESS = 2;
/** Topic ids of one subdevice that are kept for its session, and as many again that are replaced when needed. */
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

/** The client towards the hub, and what records it. */
export function planHub(
  { config, credentials, random }: Wiring,
  { opening, wallClock }: Stations,
): { readonly client: HubClient; readonly recorder: FlightRecorder } {
  const { keepAliveS, connectMsMax, payloadBytesMax, reconnectFloorMs, reconnectCeilingMs } = config.hub;
  const options = {
    ...{ keepAliveS, connectMsMax, answerMsMax: ANSWER_MS_MAX },
    signsWith: signsWith(config.hub.credentials),
    packetBytesMax: payloadBytesMax + PACKET_OVERHEAD_BYTES,
    firstDialAtMs: firstDialAtMs(opening, reconnectFloorMs),
    reconnect: { floorMs: reconnectFloorMs, ceilingMs: reconnectCeilingMs },
  };
  const recorder = new FlightRecorder({
    ...{ subject: { name: HUB, driver: HUB, options }, random, blank: blankPassword },
    bytesMax: config.recorder.ringBytes,
    stateOf: () => client.state,
    snapshotOf: () => client.snapshot(),
  });
  const client = new HubClient({
    ...options,
    credentials: () => credentials(wallClock.wallMs()),
    random: recorder.random,
  });
  return { client, recorder };
}

function signsWith(credentials: HubConfig['credentials']): SignsWith {
  switch (credentials.kind) {
    case 'none':
      return 'nothing';
    case 'password':
      return credentials.passwordFile === undefined ? 'user name' : 'password';
    case 'device':
      return credentials.deviceSecretFile === undefined ? 'device name' : 'device secret';
  }
}

/** @param knownLinks names of the links on which a subdevice was seen before this start */
export function planLinks({ config, openLink, careOf, random }: Wiring, knownLinks: ReadonlySet<string>): LinkPlan[] {
  return config.links.map((link) => {
    const { options, create } = designLink(link, config, knownLinks.has(link.name));
    const recorder = new FlightRecorder({
      ...{ subject: { name: link.name, driver: link.driver, options }, random },
      bytesMax: config.recorder.ringBytes,
      stateOf: () => machine.state,
      snapshotOf: () => machine.snapshot(),
    });
    const machine = new RenewableLink(() => create(recorder.random));
    const { name, path, driver } = link;
    return {
      ...{ name, path, driver, machine, recorder, framing: driver === 'mqttsn' ? link.framing : undefined },
      renew: () => machine.renew(),
      open: openLink(link),
      care: careOf?.(link),
      steps: link.recovery,
    };
  });
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

interface LinkDesign {
  /** All that the machine is told, but for chance: with it a recording can be run again. */
  readonly options: object;
  readonly create: (random: Random) => LinkMachine;
}

function designLink(link: LinkConfig, config: Config, wasInUse: boolean): LinkDesign {
  const bounds = { uplinksMax: WINDOW_MAX, reopen: REOPEN };
  switch (link.driver) {
    case 'mqttsn': {
      const options = { ...link, ...bounds, ...publishersOn(link, config), wasInUse, topicIdsMax: TOPIC_IDS_MAX };
      return { options, create: (random) => createMqttsnLink({ ...options, random }) };
    }
    case 'modbus': {
      const lateness = { answerMsMax: link.retryMs, lateMsMax: link.retryMs * MODBUS_LATENESS };
      const options = { ...link, ...bounds, ...lateness };
      return { options, create: (random) => createModbusLink({ ...options, random }) };
    }
    case 'lines': {
      if (link.lines === undefined) throw new Error(`link ${link.name} of lines without its table`);
      const options = { ...link, ...link.lines, ...bounds };
      return { options, create: (random) => createLinesLink({ ...options, random }) };
    }
  }
}
