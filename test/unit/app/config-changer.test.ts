/** Trial of a configuration on a manual clock: confirmed when the changed parts work, rolled back when they do not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConfigChanger, type PreparedConfig, RETURN_MS_MAX } from '../../../src/app/config-changer.ts';
import type { Gateway } from '../../../src/app/gateway.ts';
import type { LoadedConfig } from '../../../src/config/config-changes.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Config } from '../../../src/config/schema.ts';
import { configMarkOf } from '../../../src/io/config-file.ts';
import { readSavedConfig } from '../../../src/io/saved-config.ts';
import { GENERIC, under } from '../config/config-rig.ts';

/** Link of the fake gateway, with the counters that its verdict depends on. */
interface FakeLink {
  state: 'open' | 'opening';
  framesIn: number;
  bytesIn: number;
}

class TrialBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-trial-'));
  readonly #path = join(this.folder, 'holdfast.toml');
  readonly #text: string;
  nowMs = 0;
  #wakes: { readonly atMs: number; readonly wake: () => void }[] = [];
  readonly told: string[] = [];
  readonly used: string[] = [];
  readonly restarts: string[] = [];
  hubState: 'online' | 'waiting' = 'online';
  readonly link: FakeLink = { state: 'open', framesIn: 5, bytesIn: 50 };
  /** State of the link and the hub after each change. */
  afterChange: () => void = () => undefined;
  readonly changer: ConfigChanger;
  #config: Config;

  constructor(driver = 'mqttsn') {
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
    const own = driver === 'modbus' ? MODBUS_KEYS : '';
    this.#text = under('[gateway]', `state_dir = "${this.folder}"`, GENERIC).replace(
      'path = "/dev/ttyUSB0"',
      `path = "/dev/ttyUSB0"\n${own}`,
    );
    const running = this.#prepared(this.#text);
    this.#config = running.config;
    const gateway = this.#gateway(driver);
    this.changer = new ConfigChanger({
      ...{ gateway, configPath: this.#path, running, trial: undefined, rejected: undefined },
      prepare: async (text) => this.#prepared(text),
      used: ({ mark }) => this.used.push(mark),
      restart: (reason) => this.restarts.push(reason),
      warn: (sentence) => this.told.push(sentence),
    });
  }

  edit(change: (text: string) => string): this {
    writeFileSync(this.#path, change(this.#text));
    return this;
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
      parts: {
        facts: { emit },
        random: () => 0.5,
        openLink: () => () => undefined,
        mailbox: { post: (task: () => void) => task() },
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
      requests: { forgetUnreceivable: () => undefined },
      links: {
        states: () => [{ plan, lastProblem: 'no such device' }],
        remove: (_: string, done: () => void) => done(),
        add: () => this.afterChange(),
      },
      hub: {
        client: {
          get state() {
            return bench.hubState;
          },
        },
        status: { problem: 'refused' },
        disconnect: (_: string, done: () => void) => done(),
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

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const otherPort = (text: string): string => text.replace('[[link]]', '[[link]]\nbaud_rate = 9600');
const otherHub = (text: string): string => text.replace('hub.example.net', 'other.example.net');

describe('a configuration on trial', () => {
  it('is confirmed automatically when the hub is connected again', async () => {
    const bench = new TrialBench().edit(otherHub);
    bench.afterChange = () => {
      bench.hubState = 'waiting';
    };
    expect(await bench.apply()).toMatchObject({ outcome: 'unconfirmed', confirmWithinMs: RETURN_MS_MAX });
    expect(bench.told).toEqual(['configApplied {"keys":["hub.host"],"by":"anna"}']); // no value
    await bench.pass(20_000);
    expect(bench.changer.state).toMatchObject({ state: 'unconfirmed', confirmation: 'automatic' });
    bench.hubState = 'online';
    await bench.pass(500);
    expect(bench.changer.state.state).toBe('confirmed');
    expect(bench.told.at(-1)).toContain('configConfirmed');
    expect(readSavedConfig(bench.folder).saved).toMatchObject({
      confirmed: expect.stringContaining('other.example.net'),
      trial: null,
      isRunning: true,
    });
  });

  it('is rolled back if the hub does not return within the time, not earlier', async () => {
    const bench = new TrialBench().edit(otherHub);
    bench.afterChange = () => {
      bench.hubState = 'waiting';
    };
    await bench.apply();
    await bench.pass(RETURN_MS_MAX - 500);
    expect(bench.changer.state.state).toBe('unconfirmed');
    await bench.pass(1000);
    expect(bench.changer.state).toMatchObject({
      state: 'rolled back',
      reason: 'the hub is not connected again (refused)',
    });
    expect(bench.changer.running.config.hub.host).toBe('hub.example.net');
    expect(bench.used).toHaveLength(2);
    expect(readSavedConfig(bench.folder).saved?.rejected?.reason).toContain('the hub is not connected');
  });

  it('does not depend on a hub that was away before', async () => {
    const bench = new TrialBench().edit(otherHub);
    bench.hubState = 'waiting';
    expect(await bench.apply()).toMatchObject({ outcome: 'confirmed' });
  });

  it('is confirmed at once if the link has a valid frame, and late if it is silent', async () => {
    for (const { framesIn, waitMs } of [
      { framesIn: 1, waitMs: 0 },
      { framesIn: 0, waitMs: RETURN_MS_MAX },
    ]) {
      const bench = new TrialBench().edit(otherPort);
      bench.afterChange = () => void Object.assign(bench.link, { framesIn, bytesIn: framesIn * 10 });
      await bench.apply();
      if (waitMs > 0) {
        await bench.pass(waitMs - 500);
        expect(bench.changer.state.state).toBe('unconfirmed');
        await bench.pass(1000);
      }
      expect(bench.changer.state.state).toBe('confirmed');
    }
  });

  it.each([
    ['bytes without a valid frame', 'mqttsn', { framesIn: 0, bytesIn: 300 }],
    ['a port that does not open', 'mqttsn', { state: 'opening' as const, framesIn: 0, bytesIn: 0 }],
    ['a polled line without an answer', 'modbus', { framesIn: 0, bytesIn: 0 }],
  ])('is rolled back on %s', async (_, driver, after) => {
    const bench = new TrialBench(driver).edit(otherPort);
    bench.afterChange = () => void Object.assign(bench.link, after);
    await bench.apply();
    await bench.pass(RETURN_MS_MAX + 500);
    expect(bench.changer.state).toMatchObject({
      state: 'rolled back',
      reason: 'link meters does not work again (no such device)',
    });
  });

  it('with a long time for the confirmation is rolled back early if a part does not return', async () => {
    const bench = new TrialBench().edit(otherHub);
    bench.afterChange = () => {
      bench.hubState = 'waiting';
    };
    await bench.apply(3_600_000);
    await bench.pass(RETURN_MS_MAX + 500);
    expect(bench.changer.state.state).toBe('rolled back');
  });

  it('is rolled back without a confirmation, and stays after one', async () => {
    for (const isConfirmed of [false, true]) {
      const bench = new TrialBench().edit(otherPort);
      await bench.apply(90_000);
      await bench.pass(80_000);
      if (isConfirmed) await bench.changer.confirm('anna');
      await bench.pass(20_000);
      expect(bench.changer.state).toMatchObject(
        isConfirmed ? { state: 'confirmed' } : { state: 'rolled back', reason: 'it was not confirmed within 90 s' },
      );
      expect(bench.changer.running.config.links[0]?.baudRate).toBe(isConfirmed ? 9600 : 115_200);
    }
  });

  it('admits no second change', async () => {
    const bench = new TrialBench().edit(otherPort);
    await bench.apply(60_000);
    await expect(bench.apply()).rejects.toThrow('not confirmed yet');
  });
});

describe('a change that needs a restart', () => {
  const otherName = (text: string): string => text.replace('shed-3', 'shed-4');

  it('is refused as a whole, and leaves no record', async () => {
    const bench = new TrialBench().edit((text) => otherName(otherPort(text)));
    await expect(bench.apply()).rejects.toThrow('gateway.name needs a restart; nothing was changed');
    expect([bench.used, bench.told, readSavedConfig(bench.folder).saved]).toEqual([[], [], undefined]);
  });

  it('is stored for the next process if it is allowed, except another state directory', async () => {
    const bench = new TrialBench().edit(otherName);
    expect(await bench.apply(undefined, true)).toMatchObject({ outcome: 'restarting' });
    expect(bench.restarts).toEqual(['the configuration changes']);
    expect(readSavedConfig(bench.folder).saved?.trial).toMatchObject({
      phase: 'restart',
      worked: { hub: true, links: ['meters'] },
    });
    bench.edit((text) => text.replace(bench.folder, '/elsewhere'));
    await expect(bench.apply(undefined, true)).rejects.toThrow('state_dir cannot be rolled back');
  });
});
