/** The driver of Modbus RTU lines. */
import { defineDriver } from '../link-driver.ts';
import { ModbusCommand } from './command.ts';
import { createModbusLink, type ModbusLinkOptions } from './link.ts';
import { LINK_KEYS, POINT, UNIT } from './link-keys.ts';
import { unitProblems } from './link-rules.ts';
import { decodeUnit } from './options.ts';
import { hasModbusFrames } from './recognise-frames.ts';
import { ModbusSource } from './recorded-frames.ts';
import { isBroadcast, type UnitPlan } from './unit.ts';

/**
 * Time after the deadline in which a late answer may come, as a multiple of the deadline. An answer that has not come
 * by then was lost, and one that comes even later is wrong.
 */
const LATENESS = 2;

export interface ModbusOptions {
  readonly units: readonly UnitPlan[];
}

export const MODBUS = defineDriver<typeof LINK_KEYS, ModbusOptions, Omit<ModbusLinkOptions, 'random'>>({
  name: 'modbus',
  protocol: 'Modbus RTU',
  protocols: [{ name: 'modbus', words: 'Modbus RTU frames', order: 2, isIn: hasModbusFrames }],
  keys: LINK_KEYS,
  lists: { 'link.unit': UNIT, 'link.unit.point': POINT },
  tables: {},
  subdeviceKeys: {},
  // a unit that does not answer delays its whole line, so it is given up soon
  retry: { retryMs: 300, retriesMax: 2 },
  problems: unitProblems,
  starter: (subdevice) => [
    '',
    '# Units and points: replace these by those of the manual of the device (modbus.md in /usr/share/doc/holdfast/docs).',
    '[[link.unit]]',
    `id = ${JSON.stringify(subdevice)}`,
    'address = 1',
    '',
    '[[link.unit.point]]',
    'name = "value"',
    'table = "holding"',
    'address = 0',
  ],
  listed: ({ unit = [] }, path) => unit.map(({ id }, index) => ({ path: `${path}.unit[${index}].id`, id })),
  servesUnlisted: false,
  toServe: 'add a [[link.unit]]',
  acknowledges: () => true,
  decode: ({ unit = [] }) => ({ units: unit.map(decodeUnit) }),
  protocolOf: () => 'modbus',
  filtersFor: ({ units }, subdevice) =>
    units
      .filter((unit) => unit.subdevice === subdevice && unit.points.some(({ isWritable }) => isWritable))
      .map(({ setTopic }) => setTopic),
  topicsFor: ({ units }, subdevice) =>
    units
      .filter((unit) => unit.subdevice === subdevice && !isBroadcast(unit))
      .flatMap(({ stateTopic, resultTopic, points }) =>
        points.some(({ isWritable }) => isWritable) ? [stateTopic, resultTopic] : [stateTopic],
      ),
  isMute: ({ units }, subdevice) => units.some((unit) => unit.subdevice === subdevice && isBroadcast(unit)),
  plan: ({ allowedSubdevices: _, ...link }, { units }, { uplinksMax, reopen }) => ({
    ...link,
    units,
    uplinksMax,
    reopen,
    answerMsMax: link.retryMs,
    lateMsMax: link.retryMs * LATENESS,
  }),
  create: createModbusLink,
  laterClasses: [ModbusCommand],
  recall: (recorded) => recorded as ModbusLinkOptions,
  newFrameSource: () => new ModbusSource(),
  capture: { kind: 'dissector', name: 'mbrtu' },
  isPolled: true,
  attachesUnheard: false,
  oversizeIsDamage: true,
  unprobedBecause: undefined,
  mayIgnoreProbes: false,
});
