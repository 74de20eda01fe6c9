/**
 * Scene of an injected fault: a gateway process with its own configuration, and the commands of a technician on a
 * terminal of 80 columns and 24 lines. Everything is removed at the end of the test.
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFailed, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../../src/bench/gateway-process.ts';
import { GENERIC, type HubRules } from '../../../src/bench/hub/bench-rules.ts';
import { type BenchHub, startBenchHub } from '../../../src/bench/hub/server.ts';
import { openPty } from '../../../src/bench/pty.ts';
import type { MachineRoots } from '../../../src/doctor/doctor-input.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { ask } from '../../../src/ops/api/control-client.ts';
import { MAIN } from '../program.ts';
import { Recorder } from '../recorder.ts';
import { until } from '../until.ts';

type Table = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface ScenePlan {
  /** Keys of [hub]; by default a bench hub on a free port. */
  readonly hub?: Table;
  readonly gateway?: Table;
  readonly outbox?: Table;
  /** Links and subdevices as text of the configuration; by default one MQTT-SN link on a line without a device. */
  readonly links?: string;
  readonly rules?: Partial<HubRules>;
  /** Command before each process of the scene, e.g. one that changes its mounts. */
  readonly launcher?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Program other than the product, for the gateway. */
  readonly program?: string;
  /** Folders of the kernel for the doctor. */
  readonly machine?: Partial<MachineRoots>;
  /** Folder for the state directory; by default a folder on the disk. */
  readonly stateDir?: string;
}

/** Shortest pauses that the configuration allows, so that a row is fast. */
const HUB = { profile: 'generic', host: '127.0.0.1', reconnect_floor_ms: 100, reconnect_ceiling_ms: 500 };
const SCREEN = { columns: 80, rows: 24 } as const;

export async function openScene(plan: ScenePlan = {}): Promise<FaultScene> {
  const hub = await startBenchHub({ port: 0, rules: { ...GENERIC, ...plan.rules }, clock: systemClock() });
  onTestFinished(() => hub.stop());
  const scene = new FaultScene(hub, { ...plan, links: plan.links ?? (await silentLink()) });
  onTestFailed(() => console.log(scene.gateway.journal));
  onTestFinished(async () => {
    await scene.gateway.signal('SIGKILL');
    rmSync(scene.folder, { recursive: true, force: true });
  });
  return scene;
}

async function silentLink(): Promise<string> {
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  return `${table('[[link]]', { name: 'field', path: pty.path, subdevices: ['a'] })}${table('[[subdevice]]', { id: 'a' })}`;
}

export class FaultScene {
  readonly folder = mkdtempSync('/var/tmp/holdfast-fault-');
  readonly configPath = join(this.folder, 'holdfast.toml');
  readonly socketPath = join(this.folder, 'control.sock');
  readonly stateDir: string;
  readonly hub: BenchHub;
  readonly gateway: GatewayProcess;
  readonly machine: Partial<MachineRoots> | undefined;
  readonly #plan: ScenePlan;
  #injectedAtMs = performance.now();

  constructor(hub: BenchHub, plan: ScenePlan) {
    this.hub = hub;
    this.#plan = plan;
    this.machine = plan.machine;
    this.stateDir = plan.stateDir ?? join(this.folder, 'state');
    writeFileSync(this.configPath, this.#configText());
    const { env = {}, program, launcher = [] } = plan;
    const { configPath, socketPath } = this;
    this.gateway = new GatewayProcess({
      ...{ configPath, socketPath, env, launcher },
      ...(program === undefined ? {} : { program }),
    });
  }

  /** Starts the gateway, and waits until it answers; the fault is present from now on, or from `injected`. */
  async start(): Promise<this> {
    await this.gateway.start();
    return this.injected();
  }

  /** Starts the gateway and waits until the hub has accepted it. */
  async connect(): Promise<this> {
    await this.gateway.start();
    await until(async () => (await this.gateway.status()).hub.state === 'connected');
    return this.injected();
  }

  /** Notes that the fault is present from now on. */
  injected(): this {
    this.#injectedAtMs = performance.now();
    return this;
  }

  get sinceInjectionMs(): number {
    return performance.now() - this.#injectedAtMs;
  }

  /** Runs a command without a terminal. @returns its standard output */
  async outputOf(...words: readonly string[]): Promise<string> {
    const command = spawn('sh', this.#shellWords('"$0" "$@"', words), {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...this.#plan.env },
    });
    return await text(command.stdout);
  }

  /** @returns codes of the conditions that the history of the running gateway has */
  async pastConditions(): Promise<readonly string[]> {
    const asked = await ask(this.socketPath, '/v1/events', '?kinds=condition');
    return asked.kind === 'answered' ? asked.report.events.map(({ subject }) => subject) : [];
  }

  #shellWords(script: string, words: readonly string[]): string[] {
    const { launcher = [] } = this.#plan;
    const command = [...launcher, process.execPath, MAIN, ...words, '--config', this.configPath];
    return ['-c', script, ...command];
  }

  /** Runs a command on a terminal. @returns the first lines of its screen, as one text */
  async screenOf(...words: readonly string[]): Promise<string> {
    const pty = await openPty({ queuedBytesMax: 1_000_000 });
    const screen = new Recorder();
    pty.open(screen);
    await screen.untilOpen();
    const { columns, rows } = SCREEN;
    execFileSync('stty', ['-F', pty.path, 'cols', String(columns), 'rows', String(rows)]);
    const terminal = openSync(pty.path, 'r+');
    const command = spawn('sh', this.#shellWords('"$0" "$@"; printf "<end>"', words), {
      stdio: ['ignore', terminal, 'pipe'],
      env: { ...process.env, ...this.#plan.env, NO_COLOR: '1', LANG: 'C.UTF-8', TERM: 'xterm' },
    });
    let errors = '';
    command.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    closeSync(terminal);
    await until(() => screen.received.includes('<end>') && command.exitCode !== null);
    await pty.hangUp();
    return firstLines(`${screen.received.toString().replace('<end>', '')}${errors}`);
  }

  #configText(): string {
    const { hub, gateway, outbox, links = '' } = this.#plan;
    return [
      table('[gateway]', {
        name: 'gw',
        state_dir: this.stateDir,
        control_socket: this.socketPath,
        allow_volatile_store: true,
        ...gateway,
      }),
      table('[hub]', { ...HUB, port: this.hub.port, ...hub }),
      table('[outbox]', outbox ?? {}),
      links,
    ].join('\n');
  }
}

export function table(heading: string, keys: Table): string {
  return [heading, ...Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`), ''].join('\n');
}

/** Returns the lines that a terminal shows, joined, so that a word is found wherever a line is broken. */
export function firstLines(output: string): string {
  const lines = output.split(/\r?\n/).slice(0, SCREEN.rows);
  return lines.map((line) => line.trim()).join(' ');
}
