/**
 * Protocols of a link besides MQTT-SN: lines with and without answers, and Modbus, with the gateway's configuration. Drawn
 * separately from the rest of a world, so that the other devices stay the same.
 */
import type { Random } from '../../src/base/random.ts';
import type { Scenario, SubdevicePlan } from './scenario.ts';

export interface LinesProtocol {
  readonly kind: 'lines';
  readonly format: 'text' | 'ndjson';
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
  readonly heartbeatS: number;
  readonly writeMode: 'single' | 'multiple' | 'read-write';
}

export type LineProtocol = LinesProtocol | ModbusProtocol;
/** Drivers in a world besides MQTT-SN. */
export type DriverMix = 'mixed' | LineProtocol['kind'];

/** Pause before a line or a downlink is repeated, ms. */
export const LINES_RETRY_MS = 1000;
/** Longest time until a unit answers, ms. */
export const ANSWER_MS_MAX = 200;
export const POLL_MS = 4000;
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

/** @param isFirst the first subdevice of a mixed world always uses MQTT-SN */
export function drawLineProtocol(random: Random, driverMix: DriverMix, isFirst: boolean): LineProtocol | undefined {
  const oneOf = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const kind = driverMix === 'mixed' ? oneOf(undefined, 'modbus', 'lines') : driverMix;
  if (kind === undefined || (driverMix === 'mixed' && isFirst)) return undefined;
  if (kind === 'modbus')
    return { kind, heartbeatS: oneOf(0, 60), writeMode: oneOf('single', 'multiple', 'read-write') };
  return {
    ...{ kind, format: oneOf('text', 'ndjson'), isAnswered: oneOf(true, true, false) },
    ...{ confirms: oneOf(true, true, false), attach: oneOf('open', 'line'), silenceS: oneOf(0, 60) },
    window: oneOf(1, 1, 4),
  };
}

interface LinkPlan {
  readonly driver: 'mqttsn' | LineProtocol['kind'];
  readonly subdevices: readonly SubdevicePlan[];
}

/** Returns the links: one for each subdevice, but one for all behind a forwarder, and one for all units. */
export function linksOf({ subdevices, isForwarded = false }: Scenario): LinkPlan[] {
  const links: { driver: LinkPlan['driver']; subdevices: SubdevicePlan[] }[] = [];
  for (const plan of subdevices) {
    const driver = plan.lineProtocol?.kind ?? 'mqttsn';
    const isShared = driver === 'modbus' || (driver === 'mqttsn' && isForwarded);
    const shared = isShared ? links.find((link) => link.driver === driver) : undefined;
    if (shared === undefined) links.push({ driver, subdevices: [plan] });
    else shared.subdevices.push(plan);
  }
  return links;
}

/** Returns the TOML tables of a link. @param port of the gateway */
export function linkText({ driver, subdevices }: LinkPlan, port: number, { bounds }: Scenario): string {
  const link = ['[[link]]', `name = "l${port}"`, `path = "/dev/ttyV${port}"`, `driver = "${driver}"`];
  if (driver === 'modbus') {
    link.push(`retry_ms = ${ANSWER_MS_MAX}`, 'retries_max = 2', ...subdevices.flatMap(unitText));
    return link.join('\n');
  }
  if (driver === 'mqttsn') return [...link, `packet_bytes_max = ${bounds.packetBytesMax}`].join('\n');
  const [{ id, lineProtocol } = { id: '' }] = subdevices;
  if (lineProtocol?.kind !== 'lines') throw new Error(`${id} has no lines`);
  link.push(`retry_ms = ${LINES_RETRY_MS}`, 'retries_max = 3');
  // a device that gets no answer cannot be asked to repeat a line
  if (!lineProtocol.isAnswered && bounds.overflow === 'reject') link.push('overflow = "drop-oldest"');
  return [...link, ...linesText(id, lineProtocol, bounds.packetBytesMax)].join('\n');
}

function unitText({ id, lineProtocol }: SubdevicePlan): string[] {
  if (lineProtocol?.kind !== 'modbus') throw new Error(`${id} is not a unit`);
  const unit = ['[[link.unit]]', `id = "${id}"`, `address = ${addressOf(id)}`, `poll_ms = ${POLL_MS}`];
  unit.push(
    `busy_s = ${BUSY_MS_MAX / 1000}`,
    `heartbeat_s = ${lineProtocol.heartbeatS}`,
    `write_mode = "${lineProtocol.writeMode}"`,
  );
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

function linesText(id: string, { format, isAnswered, confirms, attach, silenceS }: LinesProtocol, bytesMax: number) {
  const isText = format === 'text';
  const keys = {
    ...{ subdevice: id, format, check: 'crc32', line_bytes_max: bytesMax, attach, silence_s: silenceS },
    ...(isText ? { pattern: '^n=(?P<n>[0-9]+);(?P<topic>[a-z]+);' } : {}),
    topic: isText ? '{topic}' : '{kind}',
    ...(isAnswered ? { sequence: 'n' } : {}),
    ...(isAnswered && isText ? { ack: 'OK {n}', busy: 'BUSY {n}', refused: 'NO {n}' } : {}),
    ...(isAnswered && !isText ? { ack: '{"OK":{n}}', busy: '{"BUSY":{n}}', refused: '{"NO":{n}}' } : {}),
    downlinks: ['control/+'],
    downlink: isText ? 'DO {number} {topic} {payload}' : '{"DO":{number},"topic":"{topic}","with":{payload}}',
    ...(confirms ? { downlink_ack: isText ? '^DONE (?P<number>[0-9]+)$' : '^\\{"DONE":(?P<number>[0-9]+)\\}$' } : {}),
  };
  return ['[link.lines]', ...Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)];
}
