/** Units of a Modbus link in the form for the machine, made from valid keys. */
import type { z } from 'zod';
import type { DeviceNote } from '../../base/device-note.ts';
import { crc32 } from '../../codec/crc32.ts';
import type { EchoMode } from './adapter-echo.ts';
import type { ModbusFraming, ModbusLinkOptions } from './link.ts';
import { DEFAULT_FRAMING, type LINK_KEYS, type PointSection, type UnitSection } from './link-keys.ts';
import type { PausePlan } from './pauses.ts';
import { type Point, type PointType, WORDS } from './points.ts';
import type { UnitPlan } from './unit.ts';

const NO_PAUSE: PausePlan = { pauseMs: 0, pauseAfterWriteMs: 0 };

/** Driver's part of the configuration of a link. */
export interface ModbusOptions extends PausePlan {
  readonly units: readonly Omit<UnitPlan, 'basis' | 'learned'>[];
  readonly framing: ModbusFraming;
  readonly echo: EchoMode;
  /** Device profiles by subdevice. */
  readonly profiles: ReadonlyMap<string, string>;
}

type LinkSection = z.output<z.ZodObject<typeof LINK_KEYS>>;

export function decodeLink(link: LinkSection): ModbusOptions {
  const { unit: units = [] } = link;
  const forms = new PointForms();
  const profiles = units.flatMap(({ id, profile }) => (profile === undefined ? [] : [[id, profile] as const]));
  return {
    units: units.map((unit) => decodeUnit(unit, forms)),
    profiles: new Map(profiles),
    framing: link.framing ?? DEFAULT_FRAMING,
    pauseMs: link.pause_ms ?? NO_PAUSE.pauseMs,
    pauseAfterWriteMs: link.pause_after_write_ms ?? NO_PAUSE.pauseAfterWriteMs,
    echo: link.echo ?? 'auto',
  };
}

/** Points of the units of one link. Units that share points of a device profile share their form for the machine. */
class PointForms {
  private readonly byPoint = new Map<PointSection, Map<string, Point>>();

  of(point: PointSection, { poll_ms: pollMs, word_order: order }: UnitSection): Point {
    const forms = this.byPoint.get(point) ?? new Map<string, Point>();
    const key = `${pollMs} ${order}`;
    const form = forms.get(key) ?? decodePoint(point, { pollMs, order });
    this.byPoint.set(point, forms.set(key, form));
    return form;
  }
}

function decodeUnit(unit: UnitSection, forms: PointForms): ModbusOptions['units'][number] {
  return {
    subdevice: unit.id,
    address: unit.address,
    heartbeatMs: unit.heartbeat_s * 1000,
    gapMax: unit.gap_max,
    pauseMs: unit.pause_ms,
    pauseAfterWriteMs: unit.pause_after_write_ms,
    writeMode: unit.write_mode,
    busyMs: unit.busy_s * 1000,
    stateTopic: unit.state_topic,
    setTopic: unit.set_topic,
    resultTopic: unit.result_topic,
    points: unit.point.map((point) => forms.of(point, unit)),
  };
}

/**
 * Adds what an earlier machine has learned about the units. A note about a unit with other registers is invalid:
 * someone has just changed them to try them.
 */
export function withNotes(units: ModbusOptions['units'], notes: ReadonlyMap<string, DeviceNote>): UnitPlan[] {
  return units.map((unit) => {
    const basis = crc32(new TextEncoder().encode(registersOf(unit))).toString(16);
    const note = notes.get(unit.subdevice);
    return { ...unit, basis, learned: note?.basis === basis ? note : undefined };
  });
}

/** Text of the keys on which the requests to a unit depend. */
function registersOf({ address, gapMax, points }: ModbusOptions['units'][number]): string {
  const registers = points.map((point) => [
    ...[point.name, point.table, point.address, point.type],
    ...[point.length ?? '', point.encoding, point.pollMs],
  ]);
  return [[address, gapMax], ...registers].map((words) => words.join(' ')).join('\n');
}

/** @param ofUnit values of the unit, for points that have none of their own */
function decodePoint(point: PointSection, ofUnit: Pick<Point, 'pollMs' | 'order'>): Point {
  return {
    name: point.name,
    table: point.table,
    address: point.address,
    type: typeOf(point),
    bit: point.bit,
    length: point.length,
    encoding: point.encoding ?? 'ascii',
    padding: point.padding ?? 'nul',
    // the order of the registers of a text is that of its characters in nearly all devices
    order: point.word_order ?? (typeOf(point) === 'string' ? 'ABCD' : ofUnit.order),
    scale: point.scale,
    offset: point.offset,
    notAvailable: contentsOf(point),
    deadband: point.deadband,
    pollMs: point.poll_ms ?? ofUnit.pollMs,
    isWritable: point.writable,
    min: point.min,
    max: point.max,
  };
}

export const isBits = ({ table }: PointSection): boolean => table === 'coil' || table === 'discrete';
/** Type of a point, with its default filled in. */
export const typeOf = (point: PointSection): PointType => point.type ?? (isBits(point) ? 'bool' : 'uint16');

/** Register contents of `nan` in the form of the machine. */
function contentsOf(point: PointSection): string[] {
  const type = typeOf(point);
  return type === 'string' ? [] : point.nan.map((content) => contentText(content, WORDS[type]) ?? '');
}

/**
 * Register content as hexadecimal digits, four for each register. A negative number is taken as two's complement.
 * @returns `undefined` if the content needs more registers
 */
export function contentText(content: number | string, words: number): string | undefined {
  const value = BigInt(content);
  const bits = words * 16;
  if (value < -(2n ** BigInt(bits - 1)) || value >= 2n ** BigInt(bits)) return undefined;
  return BigInt.asUintN(bits, value)
    .toString(16)
    .padStart(words * 4, '0');
}

/** Keys of a unit that recordings of earlier versions do not have. */
const LATER_KEYS = { ...NO_PAUSE, basis: '', learned: undefined };

/** Options from the header of a recording. A recording of an earlier version lacks the later keys. */
export function recallLink(recorded: object): ModbusLinkOptions {
  const options = { ...NO_PAUSE, framing: DEFAULT_FRAMING, echo: 'off', ...recorded } as ModbusLinkOptions;
  return {
    ...options,
    units: options.units.map((unit) => ({
      ...LATER_KEYS,
      ...unit,
      points: unit.points.map((point) => ({ ...point, notAvailable: point.notAvailable ?? [] })),
    })),
  };
}
