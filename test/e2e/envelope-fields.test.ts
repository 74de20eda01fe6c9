/**
 * Envelopes of the form `fields` at an ordinary broker: the states of a Modbus unit and the lines of an NDJSON device
 * keep their members and say when they were measured, live and after an outage.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openPty } from '../../src/bench/pty.ts';
import { TalkingDevice } from '../../src/bench/subdevices/talking-device.ts';
import { findPort } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { openUnits, simulatedUnit } from './simulated-units.ts';
import { runOn } from './talking-testbed.ts';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

/** Gateway whose clock is trusted on any machine, so that each envelope has a time. */
const SYNCED = fileURLToPath(new URL('./gateway-with-synced-clock.ts', import.meta.url));
/** Largest error of a trusted clock (`src/base/clock-trust.ts`). */
const CLOCK_ERROR_MS = 2001;
const LEVEL_REGISTER = 1;
const EVERY_MS = 50;

const linksAt = (modbus: string, lines: string): string => `[[link]]
name = "meters"
path = "${modbus}"
driver = "modbus"
envelope = "fields"
retry_ms = 5000
[[link.unit]]
id = "boiler"
address = 1
poll_ms = 50
[[link.unit.point]]
name = "level"
table = "input"
address = ${LEVEL_REGISTER}
[[link]]
name = "bridge"
path = "${lines}"
driver = "lines"
envelope = "fields"
[link.lines]
subdevice = "sensor"
format = "ndjson"
topic = "climate"
[[subdevice]]
id = "boiler"
[[subdevice]]
id = "sensor"
`;

/** Members that the envelope adds. */
interface Arrival {
  readonly text: string;
  readonly level?: number;
  readonly n?: number;
  readonly measured_at: string;
  readonly time_quality: string;
  readonly age_quality: string;
  readonly replayed: boolean;
  readonly seq: number;
  readonly encoding?: string;
}

async function openField() {
  const unit = simulatedUnit(1);
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  const port = await findPort();
  const testbed = await openTestbed({
    subdevices: {},
    config: { hub: { port } },
    more: linksAt(await openUnits([unit]), pty.path),
    program: SYNCED,
    envFor: ({ folder }) => {
      writeFileSync(join(folder, 'synced'), '');
      return { SYNCED_FILE: join(folder, 'synced') };
    },
  });
  const broker = new Mosquitto(port, testbed.folder);
  onTestFinished(() => broker.close());
  await broker.start();
  const states: Arrival[] = [];
  const lines: Arrival[] = [];
  await broker.listen('gw/#', (topic, text) => {
    if (topic === 'gw/boiler/state') states.push({ text, ...JSON.parse(text) });
    if (topic === 'gw/sensor/climate') lines.push({ text, ...JSON.parse(text) });
  });
  await testbed.gateway.start();
  const textOf = (number: number): Uint8Array => Buffer.from(`{"n":${number},"t":21.50}\n`);
  runOn(pty, new TalkingDevice({ everyMs: EVERY_MS, textOf }));
  const pendingOf = async (subdevice: string): Promise<number> => {
    const { lanes } = await testbed.gateway.ledger();
    return lanes.find((lane) => lane.subdevice === subdevice && lane.direction === 'uplink')?.pending ?? 0;
  };
  return { testbed, broker, unit, states, lines, pendingOf };
}

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub and envelope = "fields"', () => {
  it('states of a unit and lines of a device arrive with their time, live and after an outage', async () => {
    const { testbed, broker, unit, states, lines, pendingOf } = await openField();
    /** Wall time before and after each change of the level, by level. */
    const changedAt = new Map<number, { readonly fromMs: number; readonly toMs: number }>();
    const setLevel = async (level: number, isSeen: () => boolean | Promise<boolean>): Promise<void> => {
      const fromMs = Date.now();
      unit.inputs[LEVEL_REGISTER] = level;
      await until(isSeen);
      changedAt.set(level, { fromMs, toMs: Date.now() });
    };
    const hasArrived = (level: number): boolean => states.some((state) => state.level === level);

    await setLevel(1, () => hasArrived(1));
    await until(() => lines.length > 0);
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    await until(async () => (await pendingOf('sensor')) > 5);
    for (const level of [2, 3]) {
      const before = await pendingOf('boiler');
      await setLevel(level, async () => (await pendingOf('boiler')) > before);
    }
    await broker.start();
    await until(() => hasArrived(2) && hasArrived(3));
    const linesSoFar = lines.length;
    await until(() => lines.length > linesSoFar + 5 && lines.at(-1)?.replayed === false);

    for (const one of [...states, ...lines]) {
      expect(one).toMatchObject({ time_quality: 'exact', age_quality: 'exact', seq: expect.any(Number) });
      expect(one.encoding).toBeUndefined();
    }
    for (const { level, text, measured_at } of states.filter((state) => changedAt.has(state.level ?? 0))) {
      expect(text).toMatch(new RegExp(`^\\{"level":${level},"measured_at":"`));
      const { fromMs = 0, toMs = 0 } = changedAt.get(level ?? 0) ?? {};
      expect(Date.parse(measured_at)).toBeGreaterThanOrEqual(fromMs - CLOCK_ERROR_MS);
      expect(Date.parse(measured_at)).toBeLessThanOrEqual(toMs + CLOCK_ERROR_MS);
    }
    expect(states.filter(({ level }) => level === 2).map(({ replayed }) => replayed)).toContain(true);
    expect(lines.some(({ replayed }) => replayed)).toBe(true);
    for (const { n, text } of lines) expect(text).toMatch(new RegExp(`^\\{"n":${n},"t":21\\.50,"measured_at":"`));
    const numbers = [...new Set(lines.map(({ n = 0 }) => n))];
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => (numbers[0] ?? 0) + index));
  });
});
