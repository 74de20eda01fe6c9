/**
 * A gateway as the service of a booted Debian, with the bench hub and a subdevice of this machine: the machine shares the
 * network, and sees the terminal of the subdevice as `/dev/outside/N`.
 */
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { numberedPayload, numberOf } from '../../src/bench/account.ts';
import { GENERIC } from '../../src/bench/hub/bench-rules.ts';
import { type BenchHub, startBenchHub } from '../../src/bench/hub/server.ts';
import { openPty } from '../../src/bench/pty.ts';
import { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import { systemClock } from '../../src/io/clock.ts';
import { until } from '../e2e/until.ts';
import { type BootedDebian, bootDebian } from './booted-debian.ts';
import type { DebianRoot } from './debian-root.ts';

const CONFIG = '/etc/holdfast/holdfast.toml';
const GATEWAY = 'booted';
const FILTER = 'cmd';
/** Terminals are no serial ports, so the unit does not allow them. The hang is a signal, in a program left as it is. */
const DROP_IN = `[Service]
DeviceAllow=char-pts rw
WatchdogSec=15
Environment="NODE_OPTIONS=--max-semi-space-size=16 --max-old-space-size=1024 --import=file:///etc/holdfast/hang.mjs"
`;
const HANG = `import { isMainThread } from 'node:worker_threads';
if (isMainThread) process.on('SIGUSR2', () => { for (;;); });
`;

export class BootedTestbed {
  readonly hub: BenchHub;
  readonly subdevice: FieldSubdevice;
  readonly #root: DebianRoot;
  #machine: BootedDebian | undefined;

  private constructor(root: DebianRoot, hub: BenchHub, subdevice: FieldSubdevice) {
    this.#root = root;
    this.hub = hub;
    this.subdevice = subdevice;
    hub.onArrived(({ payload }) => {
      const number = numberOf(payload);
      if (number !== undefined) subdevice.uplinks.arrive(number);
    });
  }

  /** @returns the testbed with its machine booted, or the reason why it does not boot */
  static async open(root: DebianRoot): Promise<BootedTestbed | string> {
    const clock = systemClock();
    const hub = await startBenchHub({ port: 0, rules: GENERIC, clock });
    const pty = await openPty();
    chmodSync(pty.path, 0o666);
    const subdevice = new FieldSubdevice({ id: 'panel', clock, retryMs: 200, window: 16 }, pty);
    const testbed = new BootedTestbed(root, hub, subdevice);
    const problem = await testbed.boot();
    if (problem === undefined) return testbed;
    await testbed.close();
    return problem;
  }

  /** Time of the boot, ms. */
  get bootMs(): number {
    return this.#machine?.bootMs ?? Number.NaN;
  }

  /** @returns the reason why the machine does not boot */
  async boot(): Promise<string | undefined> {
    const machine = await bootDebian(this.#root.folder, { isConnected: true });
    if (typeof machine === 'string') return machine;
    this.#machine = machine;
    return undefined;
  }

  /** Ends all processes of the machine at once. */
  async powerOff(): Promise<void> {
    await this.#machine?.stop();
    this.#machine = undefined;
  }

  /** Copies a file of this machine into its /root. */
  bring(path: string, name: string): void {
    copyFileSync(path, join(this.#root.folder, 'root', name));
  }

  writeConfig(): void {
    const lines = [
      '[gateway]',
      `name = "${GATEWAY}"`,
      '[hub]',
      'profile = "generic"',
      'host = "127.0.0.1"',
      `port = ${this.hub.port}`,
      'reconnect_floor_ms = 200',
      'reconnect_ceiling_ms = 1000',
      '[[link]]',
      'name = "panel"',
      `path = "/dev/outside/${basename(this.subdevice.pty.path)}"`,
      '[[subdevice]]',
      'id = "panel"',
    ];
    this.#write('etc/holdfast/hang.mjs', HANG);
    this.#write(CONFIG.slice(1), `${lines.join('\n')}\n`);
  }

  /** Settings of the unit for the test. */
  async addDropIn(): Promise<void> {
    await this.sh('mkdir -p /etc/systemd/system/holdfast.service.d');
    this.#write('etc/systemd/system/holdfast.service.d/test.conf', DROP_IN);
    await this.sh('systemctl daemon-reload');
  }

  /** Runs a script that must succeed. */
  async sh(script: string): Promise<string> {
    const { status, text } = await this.try(script);
    expect({ script, status, text }).toEqual({ script, status: 0, text });
    return text.trim();
  }

  /** Runs a script that may fail. */
  async try(script: string): Promise<{ readonly status: number | null; readonly text: string }> {
    if (this.#machine === undefined) throw new Error('the machine is off');
    return await this.#machine.run(script);
  }

  /** Value of one property of the service. */
  async property(name: string): Promise<string> {
    return await this.sh(`systemctl show holdfast --property=${name} --value`);
  }

  /** Connects the subdevice; resolves when its subscription is granted by the hub. */
  async enter(): Promise<void> {
    this.subdevice.start();
    this.subdevice.command({ kind: 'subscribe', filter: FILTER, qos: 1 });
    await until(() => this.subdevice.isSubscribed);
    await until(() => this.hub.sessions().some(({ subscriptions }) => subscriptions.length === 1));
  }

  publish(count: number): void {
    for (let left = count; left > 0; left -= 1) this.subdevice.publish('t');
  }

  /** The application side sends numbered commands. */
  command(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      const number = this.subdevice.downlinks.send();
      const payload = numberedPayload(number, 32);
      this.hub.publish({ topic: `${GATEWAY}/panel/${FILTER}`, payload, qos: 1 });
      this.subdevice.downlinks.acknowledge(number);
    }
  }

  /** Resolves when all messages of both directions have arrived. @throws if one is missing or out of order */
  async expectAllDelivered(): Promise<void> {
    const { uplinks, downlinks } = this.subdevice;
    await until(() => this.subdevice.queued === 0);
    await until(() => uplinks.delivered === uplinks.sent && downlinks.delivered === downlinks.sent);
    expect([uplinks.missing, uplinks.reordered, downlinks.missing, downlinks.reordered]).toEqual([0, 0, 0, 0]);
  }

  dropHub(): void {
    this.hub.setFault({ kind: 'set', faults: { reach: 'refuses' } });
    this.hub.setFault({ kind: 'dropConnections' });
  }

  restoreHub(): void {
    this.hub.setFault({ kind: 'set', faults: { reach: 'normal' } });
  }

  async close(): Promise<void> {
    await this.powerOff();
    this.subdevice.stop();
    await this.subdevice.pty.hangUp();
    await this.hub.stop();
  }

  #write(path: string, text: string): void {
    writeFileSync(join(this.#root.folder, path), text);
  }
}
