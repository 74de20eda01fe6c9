/**
 * The numbers of the performance notes: `npm run bench`. The real gateway process, real PTYs, real TCP, the bench hub
 * in this process. Absolute figures depend on the machine; only the rows of one run are comparable.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numberOf } from '../../src/bench/account.ts';
import { GatewayProcess } from '../../src/bench/gateway-process.ts';
import { GENERIC } from '../../src/bench/hub/bench-rules.ts';
import { type BenchHub, startBenchHub } from '../../src/bench/hub/server.ts';
import { openPty } from '../../src/bench/pty.ts';
import { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import { systemClock } from '../../src/io/clock.ts';
import { flashBytesWritten } from '../../src/io/machine-facts.ts';
import type { OpenChannel } from '../../src/ports.ts';
import { limitedTo } from './line-rate.ts';

const clock = systemClock();
const PAYLOAD_BYTES = 32;
const BACKLOG = 100_000;
const RUN_MS = 5000;
const BAUD_RATE = 115_200;
/** Bits of a byte with its start and stop bit. */
const OCTET_BITS = 10;
/** Unanswered messages of each subdevice, with or without a window. */
const OUTSTANDING = 32;

interface Rig {
  readonly hub: BenchHub;
  readonly gateway: GatewayProcess;
  readonly subdevices: readonly FieldSubdevice[];
  readonly close: () => Promise<void>;
}

interface RigPlan {
  readonly links: number;
  readonly window: number;
  /** Keys of each `[[link]]`. */
  readonly linkLines?: string;
  /** Filter between a subdevice and its PTY. */
  readonly disturb?: (open: OpenChannel) => OpenChannel;
}

async function build({ links, window, linkLines = '', disturb }: RigPlan): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const hub = await startBenchHub({ port: 0, rules: GENERIC, clock });
  const ids = Array.from({ length: links }, (_, index) => `s${index}`);
  const subdevices = await Promise.all(
    ids.map(async (id) => {
      const pty = await openPty();
      return new FieldSubdevice({ id, clock, window }, { ...pty, open: disturb?.(pty.open) ?? pty.open });
    }),
  );
  hub.onArrived((arrival) => {
    const id = arrival.topic.split('/')[1];
    const number = numberOf(arrival.payload);
    if (number !== undefined) subdevices.find((subdevice) => subdevice.id === id)?.uplinks.arrive(number);
  });
  const socketPath = join(folder, 'control.sock');
  const configPath = join(folder, 'holdfast.toml');
  const lines = [
    `[gateway]\nname = "gw"\nstate_dir = "${folder}/state"\ncontrol_socket = "${socketPath}"\nallow_volatile_store = true\nlog_level = "warn"`,
    `[hub]\nprofile = "generic"\nhost = "127.0.0.1"\nport = ${hub.port}`,
    ...subdevices.map(
      ({ id, pty }) => `[[link]]\nname = "${id}"\npath = "${pty.path}"\n${linkLines}\n[[subdevice]]\nid = "${id}"`,
    ),
  ];
  writeFileSync(configPath, lines.join('\n'));
  const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'holdfast-bench-cache') };
  const gateway = new GatewayProcess({ configPath, socketPath, env });
  const close = async (): Promise<void> => {
    await gateway.signal('SIGKILL');
    for (const { pty } of subdevices) await pty.hangUp();
    await hub.stop();
    rmSync(folder, { recursive: true });
  };
  return { hub, gateway, subdevices, close };
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function connect(rig: Rig): Promise<void> {
  for (const subdevice of rig.subdevices) subdevice.start();
  await until(() => rig.subdevices.every((subdevice) => subdevice.isConnected));
  for (const subdevice of rig.subdevices) subdevice.publish('t', { bytes: PAYLOAD_BYTES });
  await until(() => rig.subdevices.every((subdevice) => subdevice.queued === 0));
}

/** Sends as fast as the acknowledgements come. @returns messages per second */
async function flood(
  rig: Rig,
  stop: (acknowledged: number, ms: number) => boolean,
  bytes = PAYLOAD_BYTES,
): Promise<number> {
  const before = acknowledged(rig);
  const startedMs = clock.nowMs();
  const send = (subdevice: FieldSubdevice): number => subdevice.publish('t', { bytes });
  const stops = rig.subdevices.map((subdevice) =>
    subdevice.onReport((report) => {
      if (report.kind === 'acknowledged') send(subdevice);
    }),
  );
  for (const subdevice of rig.subdevices) for (let index = 0; index < OUTSTANDING; index += 1) send(subdevice);
  await until(() => stop(acknowledged(rig) - before, clock.nowMs() - startedMs));
  const perS = ((acknowledged(rig) - before) * 1000) / (clock.nowMs() - startedMs);
  for (const stop of stops) stop();
  await until(() => rig.subdevices.every((subdevice) => subdevice.queued === 0));
  return perS;
}

function acknowledged(rig: Rig): number {
  return rig.subdevices.reduce((sum, { uplinks }) => sum + uplinks.acknowledged, 0);
}

/** Sends a message every 20 ms. @returns PUBLISH to PUBACK in ms, and bytes on the device per message */
async function trickle(rig: Rig, count: number): Promise<Record<string, number>> {
  const [subdevice] = rig.subdevices;
  if (subdevice === undefined) throw new Error('no subdevice');
  subdevice.latenciesMs.length = 0;
  const bytesBefore = flashBytesWritten(rig.gateway.pid ?? 0) ?? Number.NaN;
  for (let index = 0; index < count; index += 1) {
    subdevice.publish('t', { bytes: PAYLOAD_BYTES });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await until(() => subdevice.queued === 0);
  const bytes = (flashBytesWritten(rig.gateway.pid ?? 0) ?? Number.NaN) - bytesBefore;
  const sorted = subdevice.latenciesMs.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { medianMs: at(0.5), p99Ms: at(0.99), flashBytesPerMessage: Math.round(bytes / count) };
}

async function rssMiB(rig: Rig): Promise<number> {
  return Math.round((await rig.gateway.status()).process.rssBytes / 1024 / 1024);
}

/** Time from the start of the process to the first PUBACK of a waiting subdevice. */
async function timeToFirstPuback(rig: Rig): Promise<number> {
  const [subdevice] = rig.subdevices;
  if (subdevice === undefined) throw new Error('no subdevice');
  const startedMs = clock.nowMs();
  rig.gateway.spawn();
  const number = subdevice.publish('t', { bytes: PAYLOAD_BYTES });
  await until(() => subdevice.uplinks.isAcknowledged(number));
  return clock.nowMs() - startedMs;
}

async function throughput(links: number, window: number): Promise<void> {
  const rig = await build({ links, window });
  await rig.gateway.start();
  await connect(rig);
  await flood(rig, (_, ms) => ms > 1000); // Warm-up.
  const near = await flood(rig, (_, ms) => ms > RUN_MS);
  await rig.hub.stop();
  const away = await flood(rig, (_, ms) => ms > RUN_MS);
  await rig.close();
  row(`${links} ${links === 1 ? 'link' : 'links'}, window ${window}, hub near`, { perS: Math.round(near) });
  row(`${links} ${links === 1 ? 'link' : 'links'}, window ${window}, hub away`, { perS: Math.round(away) });
}

async function latency(): Promise<void> {
  const rig = await build({ links: 1, window: 1 });
  await rig.gateway.start();
  await connect(rig);
  row('one message each 20 ms, hub near', await trickle(rig, 500));
  await rig.hub.stop();
  row('one message each 20 ms, hub away', await trickle(rig, 500));
  row('RSS idle', { miB: await rssMiB(rig) });
  await rig.close();
}

async function backlog(): Promise<void> {
  const rig = await build({ links: 8, window: 16 });
  row('start to first PUBACK, empty store', { ms: await timeToFirstPuback1(rig) });
  await rig.hub.stop();
  await flood(rig, (count) => count >= BACKLOG);
  row(`RSS with a backlog of ${BACKLOG}`, { miB: await rssMiB(rig) });
  await rig.gateway.signal('SIGKILL');
  row(`start to first PUBACK, backlog of ${BACKLOG}`, { ms: await timeToFirstPuback(rig) });
  await rig.gateway.ready();
  row(`RSS after that start`, { miB: await rssMiB(rig) });
  const startedMs = clock.nowMs();
  await rig.hub.listen();
  await until(async () => (await rig.gateway.status()).outbox.messages === 0);
  row(`draining ${BACKLOG}`, { perS: Math.round((BACKLOG * 1000) / (clock.nowMs() - startedMs)) });
  const missing = rig.subdevices.reduce((sum, { uplinks }) => sum + uplinks.missing, 0);
  row('acknowledged and missing afterwards', { messages: missing });
  await rig.close();
}

/** Share of a line of 115,200 baud that carries payload. */
async function line(): Promise<void> {
  for (const bytes of [32, 200])
    for (const window of [1, 4]) {
      const linkLines = 'commit_ms = 0';
      const rig = await build({ links: 1, window, linkLines, disturb: limitedTo(BAUD_RATE, clock) });
      await rig.gateway.start();
      await connect(rig);
      const near = await flood(rig, (_, ms) => ms > RUN_MS, bytes);
      await rig.hub.stop();
      const away = await flood(rig, (_, ms) => ms > RUN_MS, bytes);
      await rig.close();
      for (const [where, perS] of [['near', near] as const, ['away', away] as const]) {
        const share = Math.round((perS * bytes * OCTET_BITS * 100) / BAUD_RATE);
        row(`115,200 baud, ${bytes} B, window ${window}, hub ${where}`, { perS: Math.round(perS), '% payload': share });
      }
    }
}

/** The very first start: the subdevice connects as well. */
async function timeToFirstPuback1(rig: Rig): Promise<number> {
  for (const subdevice of rig.subdevices) subdevice.start();
  const ms = await timeToFirstPuback(rig);
  await rig.gateway.ready();
  await until(() => rig.subdevices.every((subdevice) => subdevice.isConnected));
  return ms;
}

function row(what: string, figures: Readonly<Record<string, number>>): void {
  const words = Object.entries(figures).map(([unit, figure]) => `${figure} ${unit}`);
  process.stdout.write(`${what.padEnd(48)} ${words.join('  ')}\n`);
}

const cases: Readonly<Record<string, () => Promise<void>>> = {
  one: () => throughput(1, 4),
  eight: () => throughput(8, 16),
  latency,
  backlog,
  line,
};
const wanted = process.argv.slice(2);
for (const [name, run] of Object.entries(cases)) if (wanted.length === 0 || wanted.includes(name)) await run();
process.exit(0);
