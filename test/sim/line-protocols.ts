/**
 * Protocols of a link besides MQTT-SN: lines with and without answers, and Modbus, with the gateway's configuration. Drawn
 * separately from the rest of a world, so that the other devices stay the same.
 */
import type { Random } from '../../src/base/random.ts';
import { type PolledProtocol, polledText } from './polled-protocols.ts';
import type { Scenario, SubdevicePlan } from './scenario.ts';
import { SHARED_FILTER } from './shared-documents.ts';

export interface LinesProtocol {
  readonly kind: 'lines';
  /** `telegram`: several lines are one message, as of a P1 port. The device only sends. */
  readonly format: 'text' | 'ndjson' | 'telegram';
  /** The gateway acknowledges a line when it is stored, and the device repeats it until then. */
  readonly isAnswered: boolean;
  /** The device acknowledges a downlink, and the gateway repeats it until then. */
  readonly confirms: boolean;
  readonly attach: 'open' | 'line';
  readonly silenceS: number;
  /** Largest number of unanswered lines. With more than one the order is not kept, since a device does not notice a restart. */
  readonly window: number;
}

export interface ModbusProtocol {
  readonly kind: 'modbus';
  /** Units behind a gateway of Modbus TCP. Default: units on a line. */
  readonly framing?: 'mbap';
  readonly heartbeatS: number;
  readonly writeMode: 'single' | 'multiple' | 'read-write';
}

export type LineProtocol = LinesProtocol | ModbusProtocol | PolledProtocol;
/** Drivers in a world besides MQTT-SN. */
export type DriverMix = 'mixed' | 'lines' | 'modbus' | 'modbus-tcp' | 'telegrams' | PolledProtocol['way'];

/** Pause before a line or a downlink is repeated, ms. */
export const LINES_RETRY_MS = 1000;
/** Longest time until a unit answers, ms. */
export const ANSWER_MS_MAX = 200;
/** Longest time until an answer of Modbus TCP. The slowest units answer later. */
export const MBAP_ANSWER_MS_MAX = 500;
export const POLL_MS = 4000;
/** Pauses of the configuration, and times in which a unit receives nothing after its answer, ms. */
const PAUSE_MS = { afterRead: 25, afterWrite: 150 } as const;
export const DEAF_MS = { afterRead: 20, afterWrite: 140 } as const;

/** Time for which a command to a busy unit is repeated, ms. */
export const BUSY_MS_MAX = 10_000;
/**
 * Points of a unit: a measured value and the number of frames received, so that no two states are equal; two that can be
 * written, of two registers and of one; and one that the unit does not have.
 */
export const POINTS = {
  v: { address: 0, type: 'uint32' },
  q: { address: 2, type: 'uint32' },
  n: { address: 100, type: 'uint32' },
  w: { address: 102, type: 'uint32' },
  m: { address: 300, type: 'uint16' },
  far: { address: 5000, type: 'uint16' },
} as const;
const FAR_POLL_MS = 60_000;
const TELEGRAMS: LinesProtocol = {
  ...({ kind: 'lines', format: 'telegram', isAnswered: false, confirms: false } as const),
  ...({ attach: 'line', silenceS: 60, window: 1 } as const),
};

/** @param isFirst the first subdevice of a mixed world always uses MQTT-SN */
export function drawLineProtocol(random: Random, driverMix: DriverMix, isFirst: boolean): LineProtocol | undefined {
  const oneOf = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const kind = driverMix === 'mixed' ? oneOf(undefined, 'modbus', 'lines') : driverMix;
  if (kind === undefined || (driverMix === 'mixed' && isFirst)) return undefined;
  if (kind === 'modbus' || kind === 'modbus-tcp') {
    const heartbeatS = oneOf(0, 60);
    const writeMode = oneOf('single', 'multiple', 'read-write');
    const isTcp = kind === 'modbus-tcp' || (driverMix === 'mixed' && random() < 0.5);
    return { kind: 'modbus', heartbeatS, writeMode, ...(isTcp ? { framing: 'mbap' } : {}) };
  }
  if (kind === 'telegrams') return TELEGRAMS;
  if (kind === 'meters' || kind === 'asked') return { kind: 'polled', way: kind };
  const lines: LinesProtocol = {
    ...({ kind: 'lines' } as const),
    ...{ format: oneOf('text', 'ndjson'), isAnswered: oneOf(true, true, false) },
    ...{ confirms: oneOf(true, true, false), attach: oneOf('open', 'line'), silenceS: oneOf(0, 60) },
    window: oneOf(1, 1, 4),
  };
  const draw = driverMix === 'mixed' ? random() : 1;
  if (draw < 0.2) return { ...TELEGRAMS, silenceS: lines.silenceS };
  return draw < 0.4 ? { kind: 'polled', way: draw < 0.3 ? 'meters' : 'asked' } : lines;
}

interface LinkPlan {
  readonly driver: 'mqttsn' | LineProtocol['kind'];
  /** Links of one driver that differ in this are not shared. */
  readonly framing: ModbusProtocol['framing'] | PolledProtocol['way'];
  readonly subdevices: readonly SubdevicePlan[];
}

/** Returns the links: one for each subdevice, but one for all behind a forwarder, and one for all units of a framing. */
export function linksOf({ subdevices, isForwarded = false }: Scenario): LinkPlan[] {
  const links: (LinkPlan & { readonly subdevices: SubdevicePlan[] })[] = [];
  for (const plan of subdevices) {
    const { lineProtocol } = plan;
    const driver = lineProtocol?.kind ?? 'mqttsn';
    const framing =
      lineProtocol?.kind === 'modbus'
        ? lineProtocol.framing
        : lineProtocol?.kind === 'polled'
          ? lineProtocol.way
          : undefined;
    const isShared = driver === 'modbus' || driver === 'polled' || (driver === 'mqttsn' && isForwarded);
    const shared = isShared ? links.find((link) => link.driver === driver && link.framing === framing) : undefined;
    if (shared === undefined) links.push({ driver, framing, subdevices: [plan] });
    else shared.subdevices.push(plan);
  }
  return links;
}

/** Returns the TOML tables of a link. @param port of the gateway */
export function linkText(
  { driver, framing, subdevices }: LinkPlan,
  port: number,
  { bounds, baudRate, sharedTopics, isPaused = false }: Scenario,
): string {
  const path = framing === 'mbap' ? 'tcp://units.example:502' : `/dev/ttyV${port}`;
  const link = [
    '[[link]]',
    `name = "l${port}"`,
    `path = "${path}"`,
    `driver = "${driver === 'polled' ? 'lines' : driver}"`,
  ];
  if (driver === 'modbus') {
    link.push(
      ...(framing === undefined ? [] : [`framing = "${framing}"`]),
      `retry_ms = ${framing === 'mbap' ? MBAP_ANSWER_MS_MAX : ANSWER_MS_MAX}`,
      'retries_max = 2',
      ...subdevices.flatMap((plan) => unitText(plan, isPaused)),
    );
    return link.join('\n');
  }
  const [first] = subdevices;
  if (first?.lineProtocol?.kind === 'polled') {
    const ids = subdevices.map(({ id }) => id);
    return [...link, ...polledText(ids, first.lineProtocol)].join('\n');
  }
  if (baudRate !== undefined) link.push(`baud_rate = ${baudRate}`);
  if (driver === 'mqttsn') return [...link, `packet_bytes_max = ${bounds.packetBytesMax}`].join('\n');
  const [{ id, lineProtocol } = { id: '' }] = subdevices;
  if (lineProtocol?.kind !== 'lines') throw new Error(`${id} has no lines`);
  link.push(`retry_ms = ${LINES_RETRY_MS}`, 'retries_max = 3');
  // a device that gets no answer cannot be asked to repeat a line
  if (!lineProtocol.isAnswered && bounds.overflow === 'reject') link.push('overflow = "drop-oldest"');
  const filters = ['control/+', ...(sharedTopics === undefined ? [] : [SHARED_FILTER])];
  return [...link, ...linesText(id, lineProtocol, bounds.packetBytesMax, filters)].join('\n');
}

function unitText({ id, lineProtocol }: SubdevicePlan, isPaused: boolean): string[] {
  if (lineProtocol?.kind !== 'modbus') throw new Error(`${id} is not a unit`);
  const unit = ['[[link.unit]]', `id = "${id}"`, `address = ${addressOf(id)}`, `poll_ms = ${POLL_MS}`];
  unit.push(
    `busy_s = ${BUSY_MS_MAX / 1000}`,
    `heartbeat_s = ${lineProtocol.heartbeatS}`,
    `write_mode = "${lineProtocol.writeMode}"`,
  );
  if (isPaused) unit.push(`pause_ms = ${PAUSE_MS.afterRead}`, `pause_after_write_ms = ${PAUSE_MS.afterWrite}`);
  const points = Object.entries(POINTS).map(([name, { address, type }]) => [
    ...['[[link.unit.point]]', `name = "${name}"`, 'table = "holding"', `address = ${address}`, `type = "${type}"`],
    ...(name === 'q' ? ['deadband = 1e9'] : []),
    ...(name === 'v' || name === 'q' ? [] : ['writable = true']),
    ...(name === 'far' ? [`poll_ms = ${FAR_POLL_MS}`] : []),
  ]);
  return [...unit, ...points.flat()];
}

/** Returns the Modbus address of the unit with this name, `s1` and so on. */
export function addressOf(id: string): number {
  return 10 + Number(id.slice(1));
}

function linesText(
  id: string,
  { format, isAnswered, confirms, attach, silenceS }: LinesProtocol,
  bytesMax: number,
  downlinks: readonly string[],
) {
  if (format === 'telegram') return telegramsText(id, silenceS, bytesMax);
  const isText = format === 'text';
  const keys = {
    ...{ subdevice: id, format, check: 'crc32', line_bytes_max: bytesMax, attach, silence_s: silenceS },
    ...(isText ? { pattern: '^n=(?P<n>[0-9]+);(?P<topic>[a-z]+);' } : {}),
    topic: isText ? '{topic}' : '{kind}',
    ...(isAnswered ? { sequence: 'n' } : {}),
    ...(isAnswered && isText ? { ack: 'OK {n}', busy: 'BUSY {n}', refused: 'NO {n}' } : {}),
    ...(isAnswered && !isText ? { ack: '{"OK":{n}}', busy: '{"BUSY":{n}}', refused: '{"NO":{n}}' } : {}),
    downlinks,
    downlink: isText ? 'DO {number} {topic} {payload}' : '{"DO":{number},"topic":"{topic}","with":{payload}}',
    ...(confirms ? { downlink_ack: isText ? '^DONE (?P<number>[0-9]+)$' : '^\\{"DONE":(?P<number>[0-9]+)\\}$' } : {}),
  };
  return tableText(keys);
}

function telegramsText(id: string, silenceS: number, bytesMax: number): string[] {
  return tableText({
    ...{ subdevice: id, delimiter: '\r\n', telegram_begin: '^/T', telegram_end: '^!', check: 'dsmr' },
    ...{ pattern: '^/T[0-9]+ (?P<topic>[a-z]+)', topic: '{topic}', skip_first_line: true },
    ...{ line_bytes_max: bytesMax, attach: 'line', silence_s: silenceS },
  });
}

function tableText(keys: Readonly<Record<string, unknown>>): string[] {
  return ['[link.lines]', ...Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)];
}
