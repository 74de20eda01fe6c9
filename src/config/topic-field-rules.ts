/**
 * Rules of fields of the message in a template of topics. Each value stays within one level, and the text of a topic
 * has one division into the parts of its template, so a value never reaches topics of another subdevice.
 */
import { FIELD_LEVELS_MAX } from '../base/payload-field.ts';
import { fieldText, fieldWords, type TopicField } from '../base/topic-field.ts';
import type { TopicTemplatePart } from '../base/topic-template.ts';
import type { HubProfile } from './hub/profiles.ts';
import type { Problem } from './kinds/problem.ts';
import type { TopicDirection } from './topic-shapes.ts';

/** Largest number of fields in a template. Each one costs a scan of the payload. */
const FIELDS_MAX = 4;
/** Characters of names and of encoded values: another character must stand beside `{field_encoded:…}`. */
const VALUE_CHARACTER = /[A-Za-z0-9_~%:.!*'()-]/;

type Finding = Omit<Problem, 'path'>;

/** Problem of the fields in a template by itself. */
export function fieldProblem(
  parts: readonly TopicTemplatePart[],
  direction: TopicDirection,
  profile: HubProfile,
): Finding | undefined {
  const fields = parts.flatMap((part) => (part.kind === 'field' ? [part.field] : []));
  const [first] = fields;
  if (first === undefined) return undefined;
  const words = fieldWords(first);
  if (direction === 'downlink')
    return {
      what: `has ${words}, and the topics of downlinks cannot depend on a message`,
      hint: 'Write fields in uplink_topic only, and downlink_topic without them.',
    };
  if (profile !== 'generic')
    return {
      what: `has ${words}, and the hub of profile "${profile}" has fixed topics for each subdevice`,
      hint: 'Remove the field, or use hub.profile = "generic".',
    };
  if (fields.length > FIELDS_MAX)
    return { what: `has ${fields.length} fields`, hint: `At most ${FIELDS_MAX} are allowed.` };
  return parts
    .map((part, index) =>
      part.kind === 'field' ? problemOf(part.field, parts[index - 1], parts[index + 1]) : undefined,
    )
    .find((found) => found !== undefined);
}

function problemOf(
  field: TopicField,
  previous: TopicTemplatePart | undefined,
  next: TopicTemplatePart | undefined,
): Finding | undefined {
  const { path, isEncoded, fallback } = field;
  const words = fieldWords(field);
  const names = path.split('.');
  if (path === '')
    return { what: `has ${words} without a name`, hint: 'Write a member of the payload, such as {field:room}.' };
  if (names.length > FIELD_LEVELS_MAX)
    return { what: `has ${words}, a path of ${names.length} names`, hint: `At most ${FIELD_LEVELS_MAX} are allowed.` };
  if (fallback === '' || fieldText(fallback, isEncoded) !== fallback)
    return {
      what: `has ${words} with the fallback "${fallback}", which cannot be a value in the topic`,
      hint: isEncoded
        ? 'Write 1 to 128 letters of ASCII, digits, -, _ or ~ after the |.'
        : 'Write 1 to 128 bytes after the |, without / + # $ % . * and control characters.',
    };
  const [before, after] = [textBeside(previous, -1), textBeside(next, 0)];
  if (isEncoded && [before, after].some((character) => character === undefined || VALUE_CHARACTER.test(character)))
    return {
      what: `has ${words} beside a character or a placeholder that could be part of its value`,
      hint: 'Put a character beside it that no value has, such as / & or =.',
    };
  if (!isEncoded && (before !== '/' || after !== '/'))
    return {
      what: `has ${words}, which is not a whole level`,
      hint: 'Put it between two /, or write {field_encoded:…} for a part of a level.',
    };
  return undefined;
}

/** Character beside a field. An end of the template separates as `/` does. `undefined`: another placeholder. */
function textBeside(part: TopicTemplatePart | undefined, index: number): string | undefined {
  if (part === undefined) return '/';
  return part.kind === 'text' ? part.text.at(index) : undefined;
}
