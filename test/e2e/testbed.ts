/**
 * Testbed of one test: the bench hub on TCP, subdevices on PTYs, and the gateway as a separate process, with its
 * store in a temporary folder. Nothing is shared, and everything is removed at the end of the test.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFailed, onTestFinished } from 'vitest';
import type { Message } from '../../src/base/message.ts';
import { type AccountSum, numberedPayload, numberOf, sumAccounts } from '../../src/bench/account.ts';
import { GatewayProcess } from '../../src/bench/gateway-process.ts';
import { GENERIC, type HubRules } from '../../src/bench/hub/bench-rules.ts';
import type { SessionView } from '../../src/bench/hub/client-sessions.ts';
import type { HubFaults } from '../../src/bench/hub/faults.ts';
import type { HubEvent } from '../../src/bench/hub/hub-events.ts';
import type { ClientBytes } from '../../src/bench/hub/outgoing.ts';
import { type BenchHub, startBenchHub } from '../../src/bench/hub/server.ts';
import { openPty } from '../../src/bench/pty.ts';
import { FieldSubdevice, type FieldSubdeviceOptions } from '../../src/bench/subdevices/field-subdevice.ts';
import { systemClock } from '../../src/io/clock.ts';
import type { LedgerReport } from '../../src/ops/reports/ledger-report.ts';
import type { StatusReport } from '../../src/ops/reports/report.ts';
import type { OpenChannel } from '../../src/ports.ts';
import { type ConfigTables, configText, GATEWAY } from './testbed-config.ts';
import { until } from './until.ts';
import { openWireTap, type WireTap } from './wire-tap.ts';

export type SubdevicePlan = Omit<FieldSubdeviceOptions, 'id' | 'clock'> & {
  /** Damages the bytes of the line. */
  readonly disturb?: (open: OpenChannel) => OpenChannel;
};

export interface TestbedPlan {
  /** Ids of the subdevices; `a` and `b` by default. */
  readonly subdevices?: Readonly<Record<string, SubdevicePlan>>;
  readonly rules?: Partial<HubRules>;
  /** Keys of the configuration, by table; `link` goes into each link. `more`: further text. */
  readonly config?: ConfigTables;
  readonly more?: string;
  /** True if the gateway connects to the hub through a tap. */
  readonly isTapped?: boolean;
  /** Environment of the gateway at each of its starts. */
  readonly env?: Record<string, string>;
  /** Program other than the product, for a negative control. */
  readonly program?: string;
  /** Further configuration that depends on paths. */
  readonly envFor?: (testbed: {
    readonly folder: string;
    readonly stateDir: string;
  }) => Readonly<Record<string, string>>;
}

/** Folder on the disk, not in a tmpfs: a test looks at the bytes that reach the medium (FHS 3.0 §5.15). */
const FOLDERS = '/var/tmp';
export const FILTER = 'cmd';
/** Builds the testbed; the gateway is not started. */
export async function openTestbed(plan: TestbedPlan = {}): Promise<Testbed> {
  const clock = systemClock();
  const folder = mkdtempSync(join(FOLDERS, 'holdfast-'));
  const hub = await startBenchHub({ port: 0, rules: { ...GENERIC, ...plan.rules }, clock });
  const tap = plan.isTapped === true ? await openWireTap(hub.port) : undefined;
  const subdevices = await Promise.all(
    Object.entries(plan.subdevices ?? { a: {}, b: {} }).map(async ([id, { disturb, ...one }]) => {
      const pty = await openPty();
      const open = disturb === undefined ? pty.open : disturb(pty.open);
      return new FieldSubdevice({ retryMs: 200, ...one, id, clock }, { ...pty, open });
    }),
  );
  const testbed = new Testbed({ folder, hub, tap, subdevices, plan });
  onTestFailed(() => console.log(testbed.whatHappened));
  onTestFinished(() => testbed.close());
  return testbed;
}

interface TestbedParts {
  readonly folder: string;
  readonly hub: BenchHub;
  readonly tap: WireTap | undefined;
  readonly subdevices: readonly FieldSubdevice[];
  readonly plan: TestbedPlan;
}

export class Testbed {
  readonly folder: string;
  readonly configPath: string;
  readonly socketPath: string;
  readonly hub: BenchHub;
  readonly gateway: GatewayProcess;
  readonly subdevices: readonly FieldSubdevice[];
  /** Messages that reached the application side, in order. */
  readonly arrivals: ClientBytes[] = [];
  readonly events: HubEvent[] = [];
  readonly #tap: WireTap | undefined;
  #ledger: LedgerReport | undefined;

  constructor({ folder, hub, tap, subdevices, plan }: TestbedParts) {
    this.folder = folder;
    this.configPath = join(folder, 'holdfast.toml');
    this.socketPath = join(folder, 'control.sock');
    this.hub = hub;
    this.#tap = tap;
    this.subdevices = subdevices;
    const port = tap?.port ?? hub.port;
    const text = configText({ folder, socketPath: this.socketPath, port, subdevices, tables: plan.config ?? {} });
    writeFileSync(this.configPath, `${text}${plan.more ?? ''}`);
    const { configPath, socketPath } = this;
    this.gateway = new GatewayProcess({
      configPath,
      socketPath,
      env: Object.assign(plan.env ?? {}, plan.envFor?.({ folder, stateDir: this.stateDir })),
      ...(plan.program === undefined ? {} : { program: plan.program }),
    });
    hub.onArrived((arrival) => {
      this.arrivals.push(arrival);
      this.arrive(arrival);
    });
    hub.onEvent((event) => this.events.push(event));
  }

  get stateDir(): string {
    return join(this.folder, 'state');
  }

  get tap(): WireTap {
    if (this.#tap === undefined) throw new Error('this testbed was planned without a tap');
    return this.#tap;
  }

  subdevice(id: string): FieldSubdevice {
    const found = this.subdevices.find((subdevice) => subdevice.id === id);
    if (found === undefined) throw new Error(`no subdevice ${id} in this testbed`);
    return found;
  }

  /** The application side accepts a message, wherever the hub is. */
  arrive({ topic, payload }: Pick<Message, 'topic' | 'payload'>): void {
    const number = numberOf(payload);
    const subdevice = this.subdevices.find(({ id }) => topic.split('/')[1] === id);
    if (number !== undefined) subdevice?.uplinks.arrive(number);
  }

  /** Starts everything. Each subdevice has its SUBACK, and the hub holds a subscription for each of them. */
  async start(): Promise<void> {
    await this.gateway.start();
    for (const subdevice of this.subdevices) this.enter(subdevice);
    await until(() => this.session?.subscriptions.length === this.subdevices.length);
    await until(() => this.subdevices.every(({ isSubscribed }) => isSubscribed));
  }

  enter(subdevice: FieldSubdevice): void {
    subdevice.start();
    subdevice.command({ kind: 'subscribe', filter: FILTER, qos: 1 });
  }

  /** Session of the gateway at the hub. */
  get session(): SessionView | undefined {
    return this.hub.sessions().find(({ clientId }) => clientId.endsWith(GATEWAY));
  }

  /** The hub goes away. Its port stays taken, so that no hub of another test can use it. */
  dropHub(): void {
    this.setFaults({ reach: 'refuses' });
    this.hub.setFault({ kind: 'dropConnections' });
  }

  /** The hub goes away, and the gateway has detected it. */
  async loseHub(): Promise<void> {
    this.dropHub();
    await this.untilStatus(({ hub }) => hub.state !== 'connected');
  }

  /** The hub is back, with its complete state. */
  restoreHub(): void {
    this.setFaults({ reach: 'normal' });
  }

  setFaults(faults: Partial<HubFaults>): void {
    this.hub.setFault({ kind: 'set', faults });
  }

  /** Each subdevice sends `count` messages. */
  publish(count: number, topic = 't'): void {
    for (let left = count; left > 0; left -= 1) for (const subdevice of this.subdevices) subdevice.publish(topic);
  }

  /**
   * The application side sends the subdevice its next numbered command; from now on the hub is responsible for it.
   */
  command(subdevice: FieldSubdevice): void {
    const number = subdevice.downlinks.send();
    this.hub.publish({
      topic: `${GATEWAY}/${subdevice.id}/${FILTER}`,
      payload: numberedPayload(number, 32),
      qos: 1,
    });
    subdevice.downlinks.acknowledge(number);
  }

  get uplinks(): AccountSum {
    return sumAccounts(this.subdevices.map(({ uplinks }) => uplinks));
  }

  get downlinks(): AccountSum {
    return sumAccounts(this.subdevices.map(({ downlinks }) => downlinks));
  }

  /** Waits until every subdevice has its acknowledgements. */
  async untilAcknowledged(): Promise<void> {
    await until(() => this.subdevices.every(({ queued }) => queued === 0));
  }

  /** Waits until no message is pending, as far as each side knows. */
  async untilIdle(): Promise<LedgerReport> {
    await this.untilAcknowledged();
    await until(() => this.session?.stored === 0 && this.session.inFlight === 0);
    let ledger = await this.gateway.ledger();
    await until(async () => {
      ledger = await this.gateway.ledger();
      this.#ledger = ledger;
      return ledger.totals.uplink.pending + ledger.totals.downlink.pending === 0;
    });
    return ledger;
  }

  /** Text for a failed test. */
  get whatHappened(): string {
    const { uplinks, downlinks, session } = this;
    const ledgers = { uplinks, downlinks, session, lanes: this.#ledger?.lanes };
    return `${this.gateway.journal}\n${JSON.stringify(ledgers, undefined, 1)}`;
  }

  /** @returns the first status that is so */
  async untilStatus(isSo: (status: StatusReport) => boolean): Promise<StatusReport> {
    let status = await this.gateway.status();
    await until(async () => {
      status = await this.gateway.status();
      return isSo(status);
    }, isSo);
    return status;
  }

  /**
   * Expects that everything acknowledged has arrived, in order, in both directions; and that the ledger of the
   * gateway agrees.
   */
  async expectNothingLost(): Promise<LedgerReport> {
    const ledger = await this.untilIdle();
    expect({ up: this.uplinks, down: this.downlinks }).toMatchObject({
      up: { missing: 0, reordered: 0, delivered: this.uplinks.sent },
      down: { missing: 0, reordered: 0, delivered: this.downlinks.sent },
    });
    expect(ledger.balances).toBe(true);
    return ledger;
  }

  async close(): Promise<void> {
    await this.gateway.signal('SIGKILL');
    for (const subdevice of this.subdevices) subdevice.stop();
    await Promise.all(this.subdevices.map(({ pty }) => pty.hangUp()));
    await this.#tap?.close();
    await this.hub.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
