/** The driver of Modbus, RTU and TCP. */
import { defineDriver } from '../link-driver.ts';
import type { Reading } from '../reading.ts';
import { ModbusCommand } from './command.ts';
import { createModbusLink, type ModbusLinkOptions } from './link.ts';
import { LINK_KEYS, POINT, UNIT, type UnitSection } from './link-keys.ts';
import { profiledProblems, unitProblems, unitWarnings } from './link-rules.ts';
import { framingWarnings, mbapProblems } from './mbap-rules.ts';
import { decodeLink, type ModbusOptions, recallLink, withNotes } from './options.ts';
import { readingsByUnit } from './readings.ts';
import { hasMbapFrames, hasRtuFrames } from './recognise-frames.ts';
import { MbapSource, RtuSource } from './recorded-frames.ts';
import { isBroadcast } from './unit.ts';

/**
 * Time after the deadline in which a late answer may come, as a multiple of the deadline. An answer that has not come
 * by then was lost, and one that comes even later is wrong.
 */
const LATENESS = 2;

/** Driver's part of the configuration of a link, with the values in the states of its units. */
interface DecodedLink extends ModbusOptions {
  readonly readings: ReadonlyMap<string, readonly Reading[]>;
}

/** Longer than the time-out of most Modbus gateways for their units, 1 s. */
const MBAP_RETRY_MS = 1500;

/** @param options from the header of a recording, unchecked */
const isMbap = (options: object): boolean => 'framing' in options && options.framing === 'mbap';

export const MODBUS = defineDriver<typeof LINK_KEYS, DecodedLink, Omit<ModbusLinkOptions, 'random'>>({
  name: 'modbus',
  protocol: 'Modbus',
  protocols: [
    { name: 'rtu', words: 'Modbus RTU frames (framing "rtu")', order: 2, isIn: hasRtuFrames },
    { name: 'mbap', words: 'Modbus TCP frames (framing "mbap")', order: 4, isOnNetwork: true, isIn: hasMbapFrames },
  ],
  keys: LINK_KEYS,
  lists: { 'link.unit': UNIT, 'link.unit.point': POINT },
  tables: {},
  subdeviceKeys: {},
  profiled: {
    list: 'unit',
    inner: 'point',
    idKey: 'profile',
    chosenKey: 'profile_points',
    ownKeys: { id: 'unit', address: 1 },
    problems: (entry, path) => profiledProblems(entry as UnitSection, path),
  },
  // a unit that does not answer delays its whole line, so it is given up soon
  retry: (link) => ({ retryMs: link?.framing === 'mbap' ? MBAP_RETRY_MS : 300, retriesMax: 2 }),
  problems: (link, path) => [...unitProblems(link, path), ...mbapProblems(link, path)],
  warnings: (options, path, port) => [...unitWarnings(options, path), ...framingWarnings(options, path, port)],
  starter: (subdevice) => [
    '',
    '# Units and points: replace these by those of the manual of the device (modbus.md in /usr/share/doc/holdfast/docs).',
    '# If `holdfast profiles list` shows the device, write its profile in the place of the points: profile = "eastron-sdm630"',
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
  decode: (link) => ({ ...decodeLink(link), readings: readingsByUnit(link.unit ?? []) }),
  protocolOf: ({ framing }) => framing,
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
  profileOf: ({ profiles }, subdevice) => profiles.get(subdevice),
  readingsFor: ({ readings }, subdevice) => readings.get(subdevice) ?? [],
  isMute: ({ units }, subdevice) => units.some((unit) => unit.subdevice === subdevice && isBroadcast(unit)),
  plan: (
    { allowedSubdevices: _, ...link },
    { profiles: __, readings: ___, ...options },
    { uplinksMax, reopen, notes },
  ) => ({
    ...link,
    ...options,
    units: withNotes(options.units, notes),
    uplinksMax,
    reopen,
    answerMsMax: link.retryMs,
    lateMsMax: link.retryMs * LATENESS,
  }),
  create: createModbusLink,
  laterClasses: [ModbusCommand],
  recall: recallLink,
  newFrameSource: (options) => (isMbap(options) ? new MbapSource() : new RtuSource()),
  capture: (options) => ({ kind: 'dissector', name: isMbap(options) ? 'mbtcp' : 'mbrtu' }),
  isText: false,
  attachesUnheard: false,
  oversizeIsDamage: true,
  unprobedBecause: undefined,
  mayIgnoreProbes: false,
});
