/**
 * The bench hub, a device of plain lines on a PTY, and the gateway as a separate process that is killed at chosen
 * moments.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFailed, onTestFinished } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { numberedPayload, numberOf } from '../../src/bench/account.ts';
import { GatewayProcess } from '../../src/bench/gateway-process.ts';
import { GENERIC } from '../../src/bench/hub/bench-rules.ts';
import { type BenchHub, startBenchHub } from '../../src/bench/hub/server.ts';
import { openPty, type Pty } from '../../src/bench/pty.ts';
import {
  DEVICE_LINES,
  LinesDevice,
  type LinesDeviceReport,
  type RunningDevice,
  runLinesDevice,
} from '../../src/bench/subdevices/lines-device.ts';
import { systemClock } from '../../src/io/clock.ts';
import type { LedgerReport } from '../../src/ops/reports/ledger-report.ts';
import { until } from './until.ts';

type Keys = Readonly<Record<string, unknown>>;

export interface LinesPlan {
  /** Keys of [link.lines] other than its subdevice. */
  readonly lines?: Keys;
  /** Program other than the product, for a negative control. */
  readonly program?: string;
}

const AHEAD = 8;
const TIMES_MAX = 40;
/**
 * Lines acknowledged without a downlink between: those in progress are lost, as the negative control requires, and
 * others must follow.
 */
const UNHEARD_MAX = 64;

export async function openLinesTestbed(plan: LinesPlan = {}): Promise<LinesTestbed> {
  const clock = systemClock();
  const hub = await startBenchHub({ port: 0, rules: GENERIC, clock });
  const testbed = new LinesTestbed(hub, await openPty(), plan);
  onTestFailed(() => console.log(testbed.gateway.journal));
  onTestFinished(() => testbed.close());
  return testbed;
}

export class LinesTestbed {
  readonly hub: BenchHub;
  readonly pty: Pty;
  readonly gateway: GatewayProcess;
  readonly device = new LinesDevice({ retryMs: 200, window: 4 });
  /** Payloads that reached the application side, in order. */
  readonly arrivals: { readonly topic: string; readonly text: string }[] = [];
  readonly stateDir: string;
  readonly #folder: string;
  #running: RunningDevice | undefined;
  #seen: (report: LinesDeviceReport) => void = () => undefined;

  constructor(hub: BenchHub, pty: Pty, plan: LinesPlan) {
    this.hub = hub;
    this.pty = pty;
    this.#folder = mkdtempSync('/var/tmp/holdfast-lines-');
    this.stateDir = join(this.#folder, 'state');
    const configPath = join(this.#folder, 'holdfast.toml');
    const socketPath = join(this.#folder, 'control.sock');
    writeFileSync(configPath, this.#configText(socketPath, plan.lines ?? DEVICE_LINES));
    const program = plan.program === undefined ? {} : { program: plan.program };
    this.gateway = new GatewayProcess({ configPath, socketPath, ...program });
    hub.onArrived(({ topic, payload }) => {
      this.arrivals.push({ topic, text: new TextDecoder().decode(payload) });
      const number = numberOf(payload);
      if (number !== undefined) this.device.uplinks.arrive(number);
    });
  }

  async start(): Promise<void> {
    await this.gateway.start();
    await until(() => (this.#session?.subscriptions.length ?? 0) > 0);
    this.#running = runLinesDevice(this.device, { open: this.pty.open, clock: systemClock() }, (report) =>
      this.#seen(report),
    );
  }

  /** Continuous traffic in both directions, with `kills` kills of the gateway; at the end the gateway runs. */
  async killAgainAndAgain(kills: number, seed: number): Promise<void> {
    const random = seededRandom(seed);
    for (let kill = 0; kill < kills; kill += 1) {
      const isAway = random() < 0.5;
      this.#setReach(isAway ? 'refuses' : 'normal');
      const sight = isAway || random() < 0.5 ? 'acknowledged' : 'received';
      await this.#killAt(sight, 1 + Math.floor(random() * TIMES_MAX));
      this.gateway.spawn();
    }
    this.#seen = () => undefined;
    this.#setReach('normal');
    await this.gateway.ready();
  }

  /** Waits until no message is pending anywhere. */
  async untilIdle(): Promise<LedgerReport> {
    await until(() => this.device.queued === 0 && this.#session?.stored === 0 && this.#session.inFlight === 0);
    let ledger = await this.gateway.ledger();
    await until(async () => {
      ledger = await this.gateway.ledger();
      return ledger.totals.uplink.pending + ledger.totals.downlink.pending === 0;
    });
    return ledger;
  }

  async close(): Promise<void> {
    this.#running?.stop();
    await this.gateway.signal('SIGKILL');
    await this.pty.hangUp();
    await this.hub.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  command(): void {
    const number = this.device.downlinks.send();
    this.hub.publish({ topic: 'gw/meter/cmd', payload: numberedPayload(number, 32), qos: 1 });
    this.device.downlinks.acknowledge(number);
  }

  get #session() {
    return this.hub.sessions().find(({ clientId }) => clientId === 'gw');
  }

  #setReach(reach: 'refuses' | 'normal'): void {
    this.hub.setFault({ kind: 'set', faults: { reach } });
    if (reach === 'refuses') this.hub.setFault({ kind: 'dropConnections' });
  }

  async #killAt(sight: LinesDeviceReport['kind'], times: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = times;
    let unanswered = 0;
    this.#seen = ({ kind }) => {
      this.#keepBusy();
      unanswered = kind === 'received' ? 0 : unanswered + 1;
      if (unanswered > UNHEARD_MAX) this.command();
      if (kind === sight) left -= 1;
      if (left === 0 && kind === sight) void this.gateway.signal('SIGKILL').then(() => resolve());
    };
    this.#keepBusy();
    await promise;
  }

  #keepBusy(): void {
    const { uplinks, downlinks } = this.device;
    for (let ahead = uplinks.sent - uplinks.acknowledged; ahead < AHEAD; ahead += 1) this.#running?.publish();
    for (let ahead = downlinks.sent - downlinks.delivered; ahead < AHEAD; ahead += 1) this.command();
  }

  #configText(socketPath: string, lines: Keys): string {
    const table = (heading: string, keys: Keys): string =>
      [heading, ...Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`), ''].join('\n');
    const times = { reconnect_floor_ms: 100, reconnect_ceiling_ms: 200 };
    return [
      table('[gateway]', {
        ...{ name: 'gw', state_dir: this.stateDir, control_socket: socketPath },
        allow_volatile_store: true,
      }),
      table('[hub]', { profile: 'generic', host: '127.0.0.1', port: this.hub.port, ...times }),
      table('[outbox]', { commit_ms: 20 }),
      table('[inbox]', { replay_interval_ms: 5 }),
      table('[[link]]', { name: 'line', path: this.pty.path, driver: 'lines', retry_ms: 200 }),
      table('[link.lines]', { subdevice: 'meter', ...lines }),
      table('[[subdevice]]', { id: 'meter' }),
    ].join('\n');
  }
}
