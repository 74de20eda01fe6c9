/** Rules of `[[link.lines.field]]`: each field has a source and its own name, and its keys fit its type. */
import { compilePattern } from '../../config/kinds/pattern.ts';
import type { Problem } from '../../config/kinds/problem.ts';
import type { FieldSection } from './field-keys.ts';
import type { LinesSection } from './link-keys.ts';

type At = (key: string, what: string, hint: string) => Problem;

const IN_QUOTES = "Use RE2 syntax, without look-around and back references. In 'single quotes' a \\ needs no escape.";

export function typedFieldProblems(lines: LinesSection, at: At): Problem[] {
  const { field, pattern } = lines;
  const compiled = pattern === undefined ? undefined : compilePattern(pattern);
  const groups = compiled === undefined ? [] : compiled.ok ? compiled.value.fields : undefined;
  const names = field.flatMap(({ name, unit_field }) => [name, ...(unit_field === undefined ? [] : [unit_field])]);
  return field.flatMap((one, index) => {
    const place = (key: string, what: string, hint: string): Problem => at(`field[${index}].${key}`, what, hint);
    return [
      ...sourceProblems(one, groups, place),
      ...(names.indexOf(one.name) === names.lastIndexOf(one.name)
        ? []
        : [place('name', `is "${one.name}", which another field has too`, 'Choose another name.')]),
      ...typeProblems(one, place),
    ];
  });
}

/** @param groups of the pattern of the lines; `undefined`: unknown, because it is not valid */
function sourceProblems({ name, pattern }: FieldSection, groups: readonly string[] | undefined, at: At): Problem[] {
  if (pattern === undefined) {
    if (groups === undefined || groups.includes(name)) return [];
    const hint = `Add a \`pattern\` with a group (?P<value>…) to the field, or a group (?P<${name}>…) to that of the lines.`;
    return [at('pattern', 'is missing, and the pattern of the lines has no group of this name', hint)];
  }
  const compiled = compilePattern(pattern);
  if (!compiled.ok) return [at('pattern', `is not a valid pattern: ${compiled.problem}`, IN_QUOTES)];
  if (groups?.includes(name) === true)
    return [
      at('pattern', 'has no effect: the pattern of the lines has a group of this name', 'Rename one of the two.'),
    ];
  if (compiled.value.fields.includes('value')) return [];
  return [at('pattern', 'has no group named value', 'Write (?P<value>…) around the value.')];
}

function typeProblems({ type, decimal, unit_field, true_texts, false_texts }: FieldSection, at: At): Problem[] {
  const isNumber = type === 'number' || type === 'integer';
  const both = true_texts.find((text) => false_texts.includes(text));
  return [
    ...(decimal === ',' && type !== 'number'
      ? [at('decimal', 'has no effect without type "number"', 'Remove it.')]
      : []),
    ...(unit_field !== undefined && !isNumber
      ? [at('unit_field', 'has no effect without type "number" or "integer"', 'Remove it.')]
      : []),
    ...(type === 'boolean' && both !== undefined
      ? [at('false_texts', `contains "${both}", which is in true_texts too`, 'Remove it from one of the lists.')]
      : []),
  ];
}
