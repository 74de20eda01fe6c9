/** Changer of a configuration on a manual clock, with a gateway of one link and a hub that the test controls. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ConfigChanger, type PreparedConfig } from '../../../src/app/config-changer.ts';
import { ConfigSource } from '../../../src/app/config-source.ts';
import type { Gateway } from '../../../src/app/gateway.ts';
import { HubDocuments } from '../../../src/app/hub-documents.ts';
import { type HubDocument, NO_HUB_CONFIG } from '../../../src/base/hub-configuration.ts';
import type { LoadedConfig } from '../../../src/config/config-changes.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Config } from '../../../src/config/schema.ts';
import type { ConfigurationUser } from '../../../src/flow/remote-control.ts';
import { configMarkOf } from '../../../src/io/config-file.ts';
import type { SavedTrial } from '../../../src/io/saved-config.ts';
import type { RemoteConfigReport } from '../../../src/ops/remote/remote-config-report.ts';
import { GENERIC, under } from '../config/config-rig.ts';

/** Link of the fake gateway, with the counters that its verdict depends on. */
interface FakeLink {
  state: 'open' | 'opening';
  framesIn: number;
  bytesIn: number;
}

export class TrialBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-trial-'));
  readonly #path = join(this.folder, 'holdfast.toml');
  readonly #text: string;
  nowMs = 0;
  #wakes: { readonly atMs: number; readonly wake: () => void }[] = [];
  readonly told: string[] = [];
  readonly used: string[] = [];
  readonly restarts: string[] = [];
  /** Errors that would end the process. */
  readonly failures: unknown[] = [];
  hubState: 'online' | 'waiting' = 'online';
  readonly link: FakeLink = { state: 'open', framesIn: 5, bytesIn: 50 };
  /** State of the link and the hub after each change. */
  afterChange: () => void = () => undefined;
  readonly changer: ConfigChanger;
  #config: Config;

  /** Takes documents of the hub. */
  readonly documents: HubDocuments;
  /** Reports to the hub. */
  readonly reports: RemoteConfigReport[] = [];
  #user: ConfigurationUser | undefined;

  /** @param trial trial that the start begins after a restart of the process */
  constructor(driver = 'mqttsn', more = '', trial?: SavedTrial) {
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
    const own = driver === 'modbus' ? MODBUS_KEYS : '';
    this.#text = under('[gateway]', `state_dir = "${this.folder}"`, GENERIC).replace(
      'path = "/dev/ttyUSB0"',
      `path = "/dev/ttyUSB0"\n${own}`,
    );
    this.#text += more;
    writeFileSync(this.#path, this.#text);
    const running = this.#prepared(this.#text);
    this.#config = running.config;
    const gateway = this.#gateway(driver);
    const source = new ConfigSource(this.#path);
    this.changer = new ConfigChanger({
      ...{ gateway, source, running, rejected: undefined },
      trial: trial && { confirmed: this.#text, trial },
      hub: NO_HUB_CONFIG,
      ended: (outcome) => this.documents.ended(outcome),
      prepare: async (text) => this.#prepared(text),
      used: ({ mark }) => this.used.push(mark),
      restart: (reason) => this.restarts.push(reason),
      warn: (sentence) => this.told.push(sentence),
    });
    this.documents = new HubDocuments(gateway, this.changer, source);
    this.documents.start();
  }

  edit(change: (text: string) => string): this {
    writeFileSync(this.#path, change(this.#text));
    return this;
  }

  /** Sends a document of the hub, and waits until nothing more happens at once. */
  async send(document: Partial<HubDocument>): Promise<RemoteConfigReport | undefined> {
    const mark = document.mark ?? JSON.stringify(document);
    const whole = { version: '1', mark, config: {}, confirmMs: undefined, restart: false };
    this.#user?.take({ ...whole, ...document });
    await settled();
    await settled();
    return this.reports.at(-1);
  }

  apply(confirmMs?: number, restart = false) {
    return this.changer.apply({ confirmMs, restart, by: 'anna' });
  }

  async pass(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; ; ) {
      await settled();
      const next = this.#wakes.toSorted((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined || next.atMs > endMs) {
        this.nowMs = endMs;
        return;
      }
      this.#wakes = this.#wakes.filter((one) => one !== next);
      this.nowMs = next.atMs;
      next.wake();
    }
  }

  #prepared(text: string): PreparedConfig {
    const parsed = parseConfig(text);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { config, sections }: LoadedConfig = parsed;
    const access = { open: () => undefined, credentials: () => ({}) } as unknown as PreparedConfig['access'];
    return { config, sections, text, mark: configMarkOf(text), access, subdeviceSecrets: new Map() };
  }

  #gateway(driver: string): Gateway {
    const bench = this;
    const plan = {
      name: 'meters',
      driver,
      machine: {
        isPolled: driver === 'modbus',
        get state() {
          return bench.link.state;
        },
        get counters() {
          return bench.link;
        },
      },
    };
    const emit = (name: string, fact: object): void => void this.told.push(`${name} ${JSON.stringify(fact)}`);
    return {
      get config() {
        return bench.#config;
      },
      isStopping: false,
      remote: {
        attach: (user: ConfigurationUser) => {
          this.#user = user;
        },
        restoreConfiguration: () => undefined,
        reportConfiguration: (_: object, report: Uint8Array) =>
          void this.reports.push(JSON.parse(new TextDecoder().decode(report))),
      },
      parts: {
        facts: { emit },
        random: () => 0.5,
        openLink: () => () => undefined,
        mailbox: {
          post: (task: () => void) => {
            try {
              task();
            } catch (error) {
              this.failures.push(error);
            }
          },
        },
        clock: {
          nowMs: () => this.nowMs,
          wakeAt: (atMs: number, wake: () => void) => void this.#wakes.push({ atMs, wake }),
        },
      },
      running: {
        replace: (config: Config) => {
          this.#config = config;
        },
      },
      stations: { registry: { all: () => [] }, reconfigure: () => undefined, wallClock: {} },
      deviceNotes: { of: () => new Map() },
      requests: { forgetUnreceivable: () => undefined },
      documents: { look: () => undefined },
      links: {
        states: () => [{ plan, lastProblem: 'no such device' }],
        remove: (_: string, done: () => void) => done(),
        add: () => this.afterChange(),
        arrange: () => undefined,
      },
      hub: {
        get isUp() {
          return bench.hubState === 'online';
        },
        status: { problem: 'refused' },
        stop: (_: string, __: boolean, done: () => void) => done(),
        replace: () => this.afterChange(),
        start: () => undefined,
      },
      hubSender: { send: () => undefined },
    } as unknown as Gateway;
  }
}

const MODBUS_KEYS = `driver = "modbus"
[[link.unit]]
id = "meter-1"
address = 1
[[link.unit.point]]
name = "t"
table = "holding"
address = 0`;

export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
export const otherPort = (text: string): string => text.replace('[[link]]', '[[link]]\nbaud_rate = 9600');
export const otherHub = (text: string): string => text.replace('hub.example.net', 'other.example.net');
