/**
 * Cluster of three RabbitMQ nodes on this machine, from Debian's package `rabbitmq-server`: each with its own ports, name
 * and folders, and an epmd of its own, so that it meets no other Erlang on this machine. The sessions of MQTT are quorum
 * queues, which keep what they have acknowledged on a majority of the nodes.
 *
 * Sources: rabbitmq-env.conf(5) for the variables; the guides "Cluster Formation" and "MQTT Plugin" of RabbitMQ 3.10.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { answers, findPort } from '../e2e/any-broker.ts';
import { until } from '../e2e/until.ts';
import { type FleetHub, HOST, type HubNode } from './hub-node.ts';

/** Scripts of the package without the change of the user, which those in /usr/sbin make. */
const SCRIPTS = '/usr/lib/rabbitmq/bin';
const NODES = 3;
/** One scheduler without busy waiting: three nodes and the fleet share the cores. */
const EMULATOR = '+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}';
/** Longest start of a node, which may wait for the tables of the others for minutes. */
const START_MS_MAX = 600_000;
const LOOK_EVERY_MS = 200;
/** Time that the persistent session of a client is kept, ms. */
const SESSION_MS = 86_400_000;

export const RABBITMQ_IS_MISSING = !existsSync(join(SCRIPTS, 'rabbitmq-server'));

/** @param ports ports of MQTT, one for each node; three free ones by default */
export async function rabbitmqHub(folder: string, ports?: readonly number[]): Promise<FleetHub> {
  if (RABBITMQ_IS_MISSING) throw new Error('RabbitMQ is not installed: apt-get install rabbitmq-server');
  const home = join(folder, 'erlang');
  mkdirSync(home);
  writeFileSync(join(home, '.erlang.cookie'), `fleet-${process.pid}`, { mode: 0o400 });
  writeFileSync(join(home, 'advanced.config'), '[{rabbitmq_mqtt,[{durable_queue_type,quorum}]}].\n');
  writeFileSync(join(home, 'enabled_plugins'), '[rabbitmq_mqtt].\n');
  const epmdPort = await findPort();
  const epmd = spawn('epmd', ['-port', String(epmdPort), '-address', HOST], { stdio: 'ignore' });
  await until(() => answers(epmdPort));
  const names = Array.from({ length: ports?.length ?? NODES }, (_, index) => `fleet${index + 1}@localhost`);
  const nodes: RabbitNode[] = [];
  for (const [index, name] of names.entries())
    nodes.push(
      new RabbitNode({
        name,
        names,
        home,
        epmdPort,
        port: ports?.[index] ?? (await findPort()),
        distPort: await findPort(),
        folder,
      }),
    );
  await Promise.all(nodes.map((node) => node.start()));
  const version = execFileSync(join(SCRIPTS, 'rabbitmqctl'), ['version'], { encoding: 'utf8', env: envOf(home) });
  return {
    kind: 'rabbitmq',
    words: `RabbitMQ ${version.trim()}, ${names.length} nodes, sessions as quorum queues, nodes ended by SIGKILL`,
    nodes,
    close: async () => {
      await Promise.all(nodes.map((node) => node.fail()));
      epmd.kill('SIGKILL');
    },
  };
}

interface RabbitNodeOptions {
  readonly name: string;
  readonly names: readonly string[];
  readonly home: string;
  readonly folder: string;
  readonly epmdPort: number;
  readonly port: number;
  readonly distPort: number;
}

class RabbitNode implements HubNode {
  readonly name: string;
  readonly port: number;
  readonly #env: NodeJS.ProcessEnv;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  constructor(options: RabbitNodeOptions) {
    const { name, names, home, folder, epmdPort, port, distPort } = options;
    this.name = name;
    this.port = port;
    this.#folder = join(folder, name);
    mkdirSync(this.#folder);
    const lines = [
      'listeners.tcp = none',
      `mqtt.listeners.tcp.default = ${HOST}:${port}`,
      'mqtt.allow_anonymous = true',
      `mqtt.subscription_ttl = ${SESSION_MS}`,
      'cluster_formation.peer_discovery_backend = classic_config',
      ...names.map((one, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${one}`),
      'log.file.level = warning',
    ];
    writeFileSync(join(this.#folder, 'rabbitmq.conf'), `${lines.join('\n')}\n`);
    this.#env = Object.assign(envOf(home), {
      ERL_EPMD_PORT: String(epmdPort),
      ERL_EPMD_ADDRESS: HOST,
      RABBITMQ_NODENAME: name,
      RABBITMQ_DIST_PORT: String(distPort),
      RABBITMQ_BASE: this.#folder,
      RABBITMQ_MNESIA_BASE: join(this.#folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(this.#folder, 'log'),
      RABBITMQ_PID_FILE: join(this.#folder, 'pid'),
      RABBITMQ_CONFIG_FILE: join(this.#folder, 'rabbitmq.conf'),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(home, 'advanced.config'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: EMULATOR,
      RUNNING_UNDER_SYSTEMD: 'true', // the script becomes the node: its process is the one to end
    });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    const output = openSync(join(this.#folder, 'output'), 'a');
    const child = spawn(join(SCRIPTS, 'rabbitmq-server'), [], { env: this.#env, stdio: ['ignore', output, output] });
    this.#child = child;
    const deadlineMs = performance.now() + START_MS_MAX;
    while (!(await answers(this.port))) {
      if (child.exitCode !== null || performance.now() > deadlineMs)
        throw new Error(`${this.name} does not start:\n${readFileSync(join(this.#folder, 'output'), 'utf8')}`);
      await pause(LOOK_EVERY_MS);
    }
  }

  async fail(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

/** Environment without settings of another RabbitMQ on this machine. */
function envOf(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: home, RABBITMQ_CONF_ENV_FILE: join(home, 'none') };
}
