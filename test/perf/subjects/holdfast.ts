/** The product: the real gateway process on PTYs, its state on a disk, its hub the counting hub. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayProcess } from '../../../src/bench/gateway-process.ts';
import { CountingHub, HOST } from '../hub/counting-hub.ts';
import { type FrameRing, mqttsnRing, TOPIC, TOPIC_ID } from '../load/frames.ts';
import { Load } from '../load/load.ts';
import { openRawPty } from '../load/raw-pty.ts';
import { until } from '../load/until.ts';
import type { LineProtocolPlan } from '../load/worker.ts';
import { type Relay, topicAtHub } from './relay.ts';
import { type Keys, section } from './toml.ts';
import { unitEnvironment } from './unit-environment.ts';

export interface HoldfastPlan {
  /** Folder on the disk to be measured. */
  readonly stateRoot: string;
  /** Compile cache. */
  readonly cacheFolder: string;
  readonly links: number;
  readonly hub?: Keys;
  readonly outbox?: Keys;
  readonly inbox?: Keys;
  readonly recorder?: Keys;
  /** Keys of each link. */
  readonly link?: Keys;
  /** More lines of each link. @param index number of the link */
  readonly linkText?: (index: number) => string;
  readonly protocol?: (index: number) => LineProtocolPlan;
  readonly ring?: FrameRing | 'none';
  /** Subdevices of each link; the first link has `s0`. */
  readonly subdevices?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Program of the gateway; that of the checkout by default. */
  readonly program?: string | undefined;
  /** Options of Node and V8. */
  readonly nodeOptions?: readonly string[];
  /** Start with an unreachable hub. */
  readonly isHubAway?: boolean;
  /** Prepares the empty state directory, e.g. with a backlog. @returns messages of each link in it */
  readonly prepare?: (stateDir: string) => number;
  /** The gateway is not started yet. */
  readonly isStopped?: boolean;
  readonly greetEveryMs?: number;
}

/** The bench waits for reconnects, and a long pause would only make it longer. */
const SHORT_RECONNECTS = { reconnect_floor_ms: 100, reconnect_ceiling_ms: 500, boot_spread_ms: 0 };

export class Holdfast implements Relay {
  readonly hub: CountingHub;
  readonly load: Load;
  readonly process: GatewayProcess;
  readonly socketPath: string;
  readonly #end: () => void;

  constructor(parts: {
    readonly hub: CountingHub;
    readonly load: Load;
    readonly process: GatewayProcess;
    readonly socketPath: string;
    readonly end: () => void;
  }) {
    this.hub = parts.hub;
    this.load = parts.load;
    this.process = parts.process;
    this.socketPath = parts.socketPath;
    this.#end = parts.end;
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  async commits(): Promise<number> {
    return (await this.process.status()).store.commits;
  }

  /** Starts the gateway. Returns when all subdevices are connected, and the gateway at the hub unless that is away. */
  async start(): Promise<void> {
    await this.process.start();
    this.load.command('connect');
    await this.load.until(() => this.load.links.every((link) => link.get('command') === 0));
    await this.load.untilConnected();
  }

  async untilAtHub(): Promise<void> {
    await until(() => this.hub.isConnected, 'the gateway is connected to the hub');
  }

  async close(): Promise<void> {
    await this.process.signal('SIGKILL');
    await this.load.close();
    await this.hub.close();
    this.#end();
  }
}

export async function openHoldfast(plan: HoldfastPlan): Promise<Holdfast> {
  const folder = mkdtempSync(join(plan.stateRoot, 'holdfast-bench-'));
  const stateDir = join(folder, 'state');
  mkdirSync(stateDir, { mode: 0o700 });
  const startAt = plan.prepare?.(stateDir) ?? 0;
  const hub = new CountingHub();
  await hub.open();
  const ptys = Array.from({ length: plan.links }, () => openRawPty());
  const ring = plan.ring ?? mqttsnRing();
  const protocolOf = plan.protocol ?? ((index) => ({ kind: 'mqttsn', clientId: `s${index}` }));
  const load = new Load(
    ptys.map(({ masterFd }, index) => ({
      fd: masterFd,
      protocol: protocolOf(index),
      ring: ring === 'none' ? undefined : ring,
      startAt,
    })),
    plan.greetEveryMs,
  );
  for (const index of ptys.keys()) hub.countTopic(topicAtHub(index));
  const socketPath = join(folder, 'control.sock');
  const configPath = join(folder, 'holdfast.toml');
  const paths = ptys.map(({ path }) => path);
  writeFileSync(configPath, configText({ plan, stateDir, socketPath, port: hub.port, paths }));
  if (plan.isHubAway === true) await hub.close();
  const env = { ...unitEnvironment(), NODE_COMPILE_CACHE: plan.cacheFolder, ...plan.env };
  const { program, nodeOptions = [] } = plan;
  const process = new GatewayProcess({
    configPath,
    socketPath,
    env,
    nodeOptions,
    ...(program === undefined ? {} : { program }),
  });
  const end = (): void => {
    for (const pty of ptys) pty.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const holdfast = new Holdfast({ hub, load, process, socketPath, end });
  if (plan.isStopped === true) return holdfast;
  try {
    await holdfast.start();
    if (plan.isHubAway !== true) await holdfast.untilAtHub();
  } catch (error) {
    await holdfast.close();
    throw error;
  }
  return holdfast;
}

interface ConfigParts {
  readonly plan: HoldfastPlan;
  readonly stateDir: string;
  readonly socketPath: string;
  readonly port: number;
  readonly paths: readonly string[];
}

function configText({ plan, stateDir, socketPath, port, paths }: ConfigParts): string {
  const idsOf = (index: number): readonly string[] => plan.subdevices ?? [`s${index}`];
  const gateway = { name: 'gw', state_dir: stateDir, control_socket: socketPath, allow_volatile_store: true };
  const predefined = `predefined_topics = [{ id = ${TOPIC_ID}, topic = ${JSON.stringify(TOPIC)} }]\n`;
  return [
    section('[gateway]', { ...gateway, log_level: 'warn' }),
    section('[hub]', { profile: 'generic', host: HOST, port, ...SHORT_RECONNECTS, ...plan.hub }),
    section('[outbox]', plan.outbox ?? {}),
    section('[inbox]', plan.inbox ?? {}),
    section('[recorder]', plan.recorder ?? {}),
    ...paths.map((path, index) => {
      // The subdevices of a Modbus link are its units.
      const subdevices = plan.subdevices === undefined ? idsOf(index) : undefined;
      const keys = { name: `link-${index}`, path, subdevices, ...plan.link };
      return section('[[link]]', keys) + (plan.linkText?.(index) ?? predefined);
    }),
    ...paths.flatMap((_, index) => idsOf(index)).map((id) => section('[[subdevice]]', { id })),
  ].join('\n');
}
