/** Fields of a pattern, and fields with types, as values in the messages of a line device. */
import { fieldsOf, fillTemplate } from '../../base/template.ts';
import { NO_QUANTITY, type Reading } from '../reading.ts';
import type { LinesOptions } from './options.ts';

const KINDS = { string: 'text', number: 'number', integer: 'number', boolean: 'bool' } as const;

/**
 * Returns the fields of messages that are published as JSON on one topic. Groups without a type are texts. The members
 * of NDJSON are not known.
 */
export function fieldReadings(options: LinesOptions, subdevice: string): Reading[] {
  const { format, payload, pattern, fields } = options;
  const [published, ...others] = fixedTopics(options, subdevice);
  if (format !== 'text' || payload !== 'json' || published === undefined || others.length > 0) return [];
  const kinds = new Map<string, Reading['kind']>(pattern?.fields.map((name) => [name, 'text']));
  for (const { name, type, unitField } of fields) {
    kinds.set(name, KINDS[type]);
    if (unitField !== undefined) kinds.set(unitField, 'text');
  }
  return [...kinds].map(([name, kind]) => {
    return { name, topic: published, kind, quantity: NO_QUANTITY, command: undefined };
  });
}

/** Topics of the messages of a subdevice, if no field is part of one. */
export function fixedTopics({ topic, asks }: LinesOptions, id: string): string[] {
  const own = asks.filter(({ subdevice }) => subdevice === id).map((ask) => ask.topic);
  const fixed = (asks.length === 0 ? [topic] : own).filter((template) => fieldsOf(template).length === 0);
  return [...new Set(fixed.map((template) => fillTemplate(template, () => undefined) ?? ''))];
}
