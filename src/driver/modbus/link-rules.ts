/** Rules within and between the Modbus units of a link. Source: Modbus over Serial Line V1.02 ("line"). */
import { applyRules } from '../../config/kinds/known.ts';
import { duplicates, type Placed, placed } from '../../config/kinds/placed.ts';
import type { Problem } from '../../config/kinds/problem.ts';
import type { LinkKeys } from '../link-driver.ts';
import type { PointSection, UnitSection } from './link-keys.ts';
import { contentText, isBits, type ModbusOptions, typeOf } from './options.ts';
import { type PointType, WORDS } from './points.ts';

type ModbusLink = LinkKeys & { readonly unit?: readonly UnitSection[] | undefined };

/** @param path of the link */
export function unitProblems(link: ModbusLink, path: string): Problem[] {
  return applyRules([missingUnitProblems, subdeviceListProblems, problemsOfUnits], link, path);
}

/** Address after which the standard reserves all (line §2.2). */
const UNIT_ADDRESS_MAX = 247;

/** @param path of the link */
export function unitWarnings({ units, framing }: Pick<ModbusOptions, 'units' | 'framing'>, path: string): Problem[] {
  // unit ids of Modbus TCP have no reserved values above 247
  if (framing === 'mbap') return [];
  return units.flatMap(({ address }, index) => {
    if (address <= UNIT_ADDRESS_MAX) return [];
    const what = `is ${address}, which the Modbus standard reserves: other devices on the line may use it for themselves`;
    const hint = 'Give the unit an address from 1 to 247, if its manual offers one.';
    return [{ path: `${path}.unit[${index}].address`, what, hint }];
  });
}

function missingUnitProblems({ unit = [] }: ModbusLink, path: string): Problem[] {
  if (unit.length > 0) return [];
  return [{ path: `${path}.unit`, what: 'is missing', hint: 'Add a [[link.unit]] for each unit on the line.' }];
}

function subdeviceListProblems({ subdevices }: ModbusLink, path: string): Problem[] {
  if (subdevices.length === 0) return [];
  const hint = 'Remove it: the units are the subdevices.';
  return [{ path: `${path}.subdevices`, what: 'is not allowed for driver modbus', hint }];
}

function problemsOfUnits({ unit = [] }: ModbusLink, path: string): Problem[] {
  const units = placed(`${path}.unit`, unit);
  return [
    ...units.flatMap((one) =>
      applyRules([topicProblems, missingPointProblems, profileKeyProblems, pointProblems], one),
    ),
    ...duplicates(units, 'id', ({ id }) => id),
    ...duplicates(units, 'address', ({ address }) => String(address)),
    ...units.flatMap((one) => applyRules([sameNameProblems], one)),
  ];
}

/** Rules of the keys of a unit that a device profile may have. @param path of the unit, or of the profile's file */
export function profiledProblems(section: UnitSection, path: string): Problem[] {
  return applyRules([pointProblems, sameNameProblems], { path, section });
}

function sameNameProblems({ path, section }: Placed<UnitSection>): Problem[] {
  return duplicates(placed(`${path}.point`, section.point), 'name', ({ name }) => name);
}

function missingPointProblems({ path, section: { point, profile } }: Placed<UnitSection>): Problem[] {
  if (point.length > 0 || profile !== undefined) return [];
  const hint =
    'Add a [[link.unit.point]] for each value of the unit, or the profile of its type: holdfast profiles list.';
  return [{ path: `${path}.point`, what: 'is missing', hint }];
}

function profileKeyProblems({ path, section: { profile, profile_points } }: Placed<UnitSection>): Problem[] {
  if (profile_points === undefined || profile !== undefined) return [];
  return [
    { path: `${path}.profile_points`, what: 'has no effect without profile', hint: 'Add profile, or remove it.' },
  ];
}

function topicProblems({ path, section: unit }: Placed<UnitSection>): Problem[] {
  const topics = ['state_topic', 'set_topic', 'result_topic'] as const;
  const unusable = topics
    .filter((key) => /[+#\0]/.test(unit[key]))
    .map((key) => ({ path: `${path}.${key}`, what: 'contains a wildcard', hint: 'Write one topic without + and #.' }));
  const looped = topics
    .filter((key) => key !== 'set_topic' && unit[key] === unit.set_topic)
    .map((key) => ({
      path: `${path}.${key}`,
      what: `is "${unit[key]}", the same as set_topic`,
      hint: 'Choose another topic: the state of the unit would return to it as a command.',
    }));
  return [...unusable, ...looped];
}

function pointProblems({ path, section: unit }: Placed<UnitSection>): Problem[] {
  return placed(`${path}.point`, unit.point).flatMap(({ path: place, section }) =>
    applyRules(
      [
        shapeProblems,
        contentProblems,
        writeProblems,
        quantityProblems,
        (point) => broadcastProblems(unit, point, place),
      ],
      section,
      place,
    ),
  );
}

/** Reports a key of numbers at a point that is none. */
function quantityProblems(point: PointSection, path: string): Problem[] {
  const type = typeOf(point);
  if (type !== 'bool' && type !== 'string') return [];
  if (point.state_class === undefined) return [];
  return [{ path: `${path}.state_class`, what: `is only for numbers, and the point is a ${type}`, hint: 'Remove it.' }];
}

function broadcastProblems({ address }: UnitSection, { writable }: PointSection, path: string): Problem[] {
  if (address !== 0 || writable) return [];
  return [{ path: `${path}.writable`, what: 'is false', hint: 'Write true: unit 0 (broadcast) can only be written.' }];
}

/** Checks that type, bit, length and address of a point are consistent. */
function shapeProblems(point: PointSection, path: string): Problem[] {
  const type = typeOf(point);
  const isBool = type === 'bool';
  const problems: Problem[] = [];
  const complain = (key: string, what: string, hint: string): void => {
    problems.push({ path: `${path}.${key}`, what, hint });
  };
  if (isBits(point) && !isBool) complain('type', `is "${type}", but a ${point.table} is one bit`, 'Remove it.');
  const needsBit = isBool && !isBits(point);
  if (needsBit && point.bit === undefined)
    complain('bit', 'is missing', 'Add the number of the bit in the register, 0 to 15.');
  if (!needsBit && point.bit !== undefined) complain('bit', 'is only for a bool in a register', 'Remove it.');
  if (type === 'string' && point.length === undefined)
    complain('length', 'is missing', 'Add the number of characters.');
  for (const key of ['length', 'encoding', 'padding'] as const)
    if (type !== 'string' && point[key] !== undefined) complain(key, 'is only for a string', 'Remove it.');
  if (widthOf(type, point) > WORDS_READ_MAX)
    complain(
      'length',
      `is ${point.length}, more than one request can read`,
      `The maximum is ${2 * WORDS_READ_MAX}, or ${WORDS_READ_MAX} for UTF-16.`,
    );
  if (point.scale === 0) complain('scale', 'is 0', 'Write the factor from the register to the value.');
  const last = point.address + widthOf(type, point) - 1;
  if (last > 65_535)
    complain('address', `is ${point.address}, and the point would end at ${last}`, 'The last address is 65535.');
  return problems;
}

/** Checks that each content of `nan` fits into the registers of the point. */
function contentProblems(point: PointSection, path: string): Problem[] {
  if (point.nan.length === 0) return [];
  const type = typeOf(point);
  if (type === 'bool' || type === 'string')
    return [{ path: `${path}.nan`, what: `is only for numbers, and the point is a ${type}`, hint: 'Remove it.' }];
  const words = WORDS[type];
  return point.nan.flatMap((content, index) => {
    if (contentText(content, words) !== undefined) return [];
    const hint = `Write the ${words * 4} hexadecimal digits of the content, such as 0x8${'0'.repeat(Math.min(words, 2) * 4 - 1)}.`;
    return [
      { path: `${path}.nan[${index}]`, what: `is ${content}, more than the ${words * 16} bits of ${type} hold`, hint },
    ];
  });
}

function writeProblems({ table, writable, min, max }: PointSection, path: string): Problem[] {
  const problems: Problem[] = [];
  if (writable && (table === 'discrete' || table === 'input'))
    problems.push({ path: `${path}.writable`, what: `is true, but a ${table} can only be read`, hint: 'Remove it.' });
  if (!writable && (min !== undefined || max !== undefined))
    problems.push({
      path: `${path}.${min === undefined ? 'max' : 'min'}`,
      what: 'is set, but the point is not writable',
      hint: 'Set writable = true, or remove it.',
    });
  if (min !== undefined && max !== undefined && min > max)
    problems.push({ path: `${path}.min`, what: `is ${min}, more than max`, hint: 'Swap them.' });
  return problems;
}

/** Registers that one request can read (Modbus Application Protocol V1.1b3 §6.3). */
const WORDS_READ_MAX = 125;

/** Number of registers, or of bits, that the point occupies. */
function widthOf(type: PointType, { length = 0, encoding }: PointSection): number {
  if (type === 'string') return encoding?.startsWith('utf-16') === true ? length : Math.ceil(length / 2);
  if (type.endsWith('64')) return 4;
  return type.endsWith('32') ? 2 : 1;
}
