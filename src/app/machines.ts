/** Machines of one gateway, built from its configuration: the hub client, and one per link. */
import { hostAndPort } from '../base/host-and-port.ts';
import type { Random } from '../base/random.ts';
import { HUB } from '../base/step.ts';
import type { HubConfig } from '../config/hub/hub-config.ts';
import type { Config, LinkConfig } from '../config/schema.ts';
import { driverNamed } from '../driver/drivers.ts';
import type { HubPlan } from '../flow/hub-connection.ts';
import type { LinkPlan } from '../flow/links.ts';
import type { PasswordSupply, RenewalTerms } from '../flow/password-renewal.ts';
import { blankPassword } from '../hub/client/blank-password.ts';
import type { Credentials } from '../hub/client/credentials.ts';
import { HubClient } from '../hub/client/hub-client.ts';
import type { SignsWith } from '../hub/client/hub-contract.ts';
import type { OwnWill } from '../hub/client/own-will.ts';
import type { OpenChannel, PortCare } from '../ports.ts';
import { FlightRecorder } from '../recorder/flight-recorder.ts';
import { MachineSnapshots } from '../recorder/machine-snapshots.ts';
import type { DeviceNotes } from './device-notes.ts';
import { type Stations, WINDOW_MAX } from './stations.ts';

/** Room for topic and headers in a packet of the hub, in addition to its payload. */
const PACKET_OVERHEAD_BYTES = 66_000;
/** Longest wait for SUBACK, UNSUBACK and PINGRESP. */
const ANSWER_MS_MAX = 10_000;
/**
 * Shortest and longest pause between two openings of a port. Each opening leaks 7 kB of RAM in serialport 13: 20 MB a
 * day at the longest pause.
 */
const REOPEN = { floorMs: 500, ceilingMs: 30_000 };

/** Sources of what CONNECT carries. */
export interface CredentialParts {
  /** Called for every CONNECT, with the Unix time in ms, if known. */
  readonly credentials: (wallMs: number | undefined) => Credentials;
  /** Source of the passwords that end and are renewed, if the credentials in use have one. */
  readonly passwords?: (() => PasswordSupply | undefined) | undefined;
}

/** Parts from outside that the machines need. */
interface Wiring extends CredentialParts {
  readonly config: Config;
  readonly random: Random;
  readonly openLink: (link: LinkConfig) => OpenChannel;
  readonly careOf?: ((link: LinkConfig) => PortCare) | undefined;
}

/** Largest packet accepted from the hub, in bytes. */
export function hubPacketBytesMax({ hub }: Config): number {
  return hub.payloadBytesMax + PACKET_OVERHEAD_BYTES;
}

/** Builds the hub client and its flight recorder. @param firstDialAtMs earliest time of its first CONNECT */
export function planHub(
  { config, credentials, passwords, random }: Pick<Wiring, 'config' | 'random' | keyof CredentialParts>,
  { wallClock }: Pick<Stations, 'wallClock'>,
  firstDialAtMs: number,
): HubPlan {
  const { keepAliveS, connectMsMax, reconnectFloorMs, reconnectCeilingMs } = config.hub;
  const plan = {
    will: willOf(config),
    keepAliveS,
    connectMsMax,
    answerMsMax: ANSWER_MS_MAX,
    signsWith: signsWith(config.hub.credentials),
    packetBytesMax: hubPacketBytesMax(config),
    firstDialAtMs,
    reconnect: { floorMs: reconnectFloorMs, ceilingMs: reconnectCeilingMs },
  };
  const recorder = new FlightRecorder({
    subject: { name: HUB, driver: HUB, options: plan },
    random,
    blank: blankPassword,
    bytesMax: config.recorder.ringBytes,
    stateOf: () => client.state,
    snapshotOf: () => snapshots.capture(),
  });
  const options = {
    ...plan,
    credentials: () => credentials(wallClock.wallMs()),
    random: recorder.random,
  };
  const client = new HubClient(options);
  const snapshots = new MachineSnapshots(client, options, []);
  const renewal = renewalOf(config.hub, passwords, random);
  return { client, recorder, peer: hostAndPort(config.hub), renewal };
}

function renewalOf(
  { credentials, reconnectFloorMs, reconnectCeilingMs }: HubConfig,
  supply: RenewalTerms['supply'] = () => undefined,
  random: Random,
): RenewalTerms | undefined {
  if (credentials.kind !== 'password' || credentials.renewS === undefined) return undefined;
  const again = { floorMs: reconnectFloorMs, ceilingMs: reconnectCeilingMs };
  return { afterMs: credentials.renewS * 1000, again, supply, random };
}

function willOf({ availability }: Config): OwnWill | undefined {
  return availability && { topic: availability.gatewayTopic, payload: availability.offlinePayload };
}

/** Credentials of CONNECT that the configuration chooses. */
export function signsWith(credentials: HubConfig['credentials']): SignsWith {
  switch (credentials.kind) {
    case 'none':
      return 'nothing';
    case 'password':
      if (credentials.passwordCommand !== undefined) return 'password command';
      return credentials.passwordFile === undefined ? 'user name' : 'password';
    case 'device':
      return credentials.deviceSecretFile === undefined ? 'device name' : 'device secret';
  }
}

/** Facts of earlier starts about links. */
interface LinkHistory {
  /** Subdevices with the links that they were last seen on. */
  readonly known: Iterable<{ readonly link: string }>;
  readonly notes: Pick<DeviceNotes, 'of'>;
}

/** @param links links to plan */
export function planLinks(
  { config, openLink, careOf, random }: Wiring,
  { known, notes }: LinkHistory,
  links: readonly LinkConfig[],
): LinkPlan[] {
  const knownLinks = new Set([...known].map(({ link }) => link));
  return links.map((link) => {
    const driver = driverNamed(link.driver);
    const { options: own, ...terms } = link;
    const served = config.subdevices
      .filter(({ id }) => link.allowedSubdevices?.includes(id) ?? true)
      .map(({ id, driverKeys }) => ({ id, keys: driverKeys }));
    const wasInUse = knownLinks.has(link.name);
    const surroundings = { uplinksMax: WINDOW_MAX, reopen: REOPEN, wasInUse, served, notes: notes.of(link.name) };
    const plan = driver.plan(terms, own, surroundings);
    const recorder = new FlightRecorder({
      subject: { name: link.name, driver: link.driver, options: plan },
      random,
      bytesMax: config.recorder.ringBytes,
      stateOf: () => current.machine.state,
      snapshotOf: () => current.snapshots.capture(),
    });
    const options = { ...plan, random: recorder.random };
    const create = () => {
      const machine = driver.create(options);
      return { machine, snapshots: new MachineSnapshots(machine, options, driver.laterClasses) };
    };
    let current = create();
    return {
      name: link.name,
      path: link.path,
      driver: link.driver,
      protocol: driver.protocolOf(own),
      get machine() {
        return current.machine;
      },
      renew: () => {
        current = create();
      },
      recorder,
      open: openLink(link),
      care: careOf?.(link),
      steps: link.recovery,
    };
  });
}
