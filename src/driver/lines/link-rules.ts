/**
 * Rules between the keys of `[link.lines]`: patterns compile, fields exist, texts fit on a line, and each
 * configured answer is possible.
 */
import { fieldsOf, fillTemplate, parseTemplate } from '../../base/template.ts';
import { filterProblem, topicProblem } from '../../base/topic.ts';
import { applyRules, whereKnown } from '../../config/kinds/known.ts';
import { compilePattern } from '../../config/kinds/pattern.ts';
import type { Problem } from '../../config/kinds/problem.ts';
import type { LinkKeys } from '../link-driver.ts';
import { askFields, askProblems } from './ask-rules.ts';
import { checkProblems } from './check-rules.ts';
import { typedFieldProblems } from './field-rules.ts';
import type { LinesSection } from './link-keys.ts';
import { readoutProblems } from './readout-rules.ts';

type LinkSection = LinkKeys & { readonly lines?: LinesSection | undefined };

/** @param path of the link */
export function linesProblems(link: LinkSection, path: string): Problem[] {
  const { lines } = link;
  const place = `${path}.lines`;
  if (lines === undefined) {
    const hint = 'Add the table [link.lines] after the keys of the link, with the key subdevice.';
    return [{ path: place, what: 'is missing, but driver "lines" requires it', hint }];
  }
  const at = (key: string, what: string, hint: string): Problem => ({ path: `${place}.${key}`, what, hint });
  const ofLink = (key: string, what: string, hint: string): Problem => ({ path: `${path}.${key}`, what, hint });
  return [
    ...applyRules(
      [
        formatProblems,
        splittingProblems,
        patternProblems,
        typedFieldProblems,
        fieldProblems,
        answerProblems,
        topicProblems,
      ],
      lines,
      at,
    ),
    ...whereKnown(() => servingProblems(link, lines, at)),
    ...whereKnown(() => askProblems(lines, link, at)),
    ...whereKnown(() => readoutProblems(lines, link, { at, ofLink })),
    ...whereKnown(() => checkProblems(lines, link.data_bits === 7 || lines.bit_7 !== 'data', at)),
    ...whereKnown(() => bitSevenProblems(link, lines, at)),
    ...whereKnown(() => overflowProblems(link, lines, path)),
  ];
}

type At = (key: string, what: string, hint: string) => Problem;

function servingProblems({ subdevices }: LinkSection, lines: LinesSection, at: At): Problem[] {
  if (lines.subdevice_field !== undefined && subdevices.length === 0)
    return [
      at(
        'subdevice_field',
        'requires a list of the subdevices that the field may contain',
        'Add `subdevices = [...]` to the link.',
      ),
    ];
  if (subdevices.length === 0 || subdevices.includes(lines.subdevice)) return [];
  return [
    at('subdevice', `is "${lines.subdevice}", which the link does not list in subdevices`, 'Add it to `subdevices`.'),
  ];
}

function bitSevenProblems({ data_bits }: LinkSection, { bit_7 }: LinesSection, at: At): Problem[] {
  if (bit_7 === 'data' || data_bits === 8) return [];
  return [at('bit_7', `is "${bit_7}", but the link has 7 data bits`, 'Remove it: the bytes have no bit 7.')];
}

function formatProblems({ format, pattern, payload, encoding, field }: LinesSection, at: At): Problem[] {
  if (format === 'text') {
    const isEmpty = payload === 'json' && pattern === undefined && field.length === 0;
    return isEmpty
      ? [
          at(
            'payload',
            'is "json", but there are no fields',
            'Add `pattern` with named groups, or [[link.lines.field]].',
          ),
        ]
      : [];
  }
  return [
    ...(pattern === undefined
      ? []
      : [
          at(
            'pattern',
            'is for format "text" only',
            'Remove it: with "ndjson" the fields are those of the JSON object.',
          ),
        ]),
    ...(field.length === 0
      ? []
      : [at('field', 'is for format "text" only', 'Remove it: the members of the JSON object have types already.')]),
    ...(payload === 'line'
      ? []
      : [at('payload', 'is "json", but format is "ndjson"', 'Write "line": the line is JSON already.')]),
    ...(encoding === 'utf-8'
      ? []
      : [at('encoding', `is "${encoding}", but format is "ndjson"`, 'Remove it: JSON is UTF-8.')]),
  ];
}

/** Rules between the keys that say where a line or a telegram begins and ends. */
function splittingProblems(lines: LinesSection, at: At): Problem[] {
  const { start, line_bytes, line_bytes_max, telegram_begin, telegram_end, check, echo } = lines;
  const isTelegram = telegram_begin !== undefined || telegram_end !== undefined;
  return [
    ...(line_bytes !== undefined && start === undefined
      ? [
          at(
            'line_bytes',
            'requires start',
            'Add `start`: without a mark the gateway cannot find the beginning of a line.',
          ),
        ]
      : []),
    ...(line_bytes !== undefined && line_bytes > line_bytes_max
      ? [at('line_bytes', `is larger than line_bytes_max, which is ${line_bytes_max}`, 'Raise line_bytes_max.')]
      : []),
    ...(isTelegram && (telegram_begin === undefined || telegram_end === undefined)
      ? [
          at(
            telegram_begin === undefined ? 'telegram_end' : 'telegram_begin',
            `requires ${telegram_begin === undefined ? 'telegram_begin' : 'telegram_end'}`,
            'Write both: the first and the last line of a telegram.',
          ),
        ]
      : []),
    ...(isTelegram && start !== undefined
      ? [at('start', 'has no effect with telegram_begin', 'Remove one of the two.')]
      : []),
    ...(check === 'dsmr' && !isTelegram
      ? [
          at(
            'check',
            'is "dsmr", which is the check of a telegram',
            "Add telegram_begin = '^/' and telegram_end = '^!'.",
          ),
        ]
      : []),
    ...(echo && (isTelegram || start !== undefined)
      ? [at('echo', 'is for lines without start and telegrams', 'Switch the echo off in the device or the adapter.')]
      : []),
  ];
}

function patternProblems(lines: LinesSection, at: At): Problem[] {
  return (['pattern', 'telegram_begin', 'telegram_end', 'downlink_ack', 'downlink_refused'] as const).flatMap((key) => {
    const source = lines[key];
    const compiled = source === undefined ? undefined : compilePattern(source);
    if (compiled === undefined || compiled.ok) return [];
    const hint = "Use RE2 syntax, without look-around and back references. In 'single quotes' a \\ needs no escape.";
    return [at(key, `is not a valid pattern: ${compiled.problem}`, hint)];
  });
}

/** Checks that each named field has a source in `pattern`. A line of `ndjson` may have any field. */
function fieldProblems(lines: LinesSection, at: At): Problem[] {
  const { topic, ack, busy, refused, sequence, subdevice_field, downlink } = lines;
  const compiled = lines.pattern === undefined ? undefined : compilePattern(lines.pattern);
  const groups = compiled === undefined ? [] : compiled.ok ? compiled.value.fields : undefined;
  const typed = lines.field.flatMap(({ name, unit_field }) => (unit_field === undefined ? [name] : [name, unit_field]));
  const known = groups && [...groups, ...typed, 'subdevice'];
  const isKnown = (name: string): boolean => lines.format === 'ndjson' || known === undefined || known.includes(name);
  const unknown = (key: string, name: string): Problem =>
    at(key, `names the field "${name}", but pattern has no group of this name`, `Add (?P<${name}>…) to \`pattern\`.`);
  const used = Object.entries({ topic, ack, busy, refused }).flatMap(([key, text]) =>
    fieldsOf(parseTemplate(text ?? '')).map((name) => [key, name] as const),
  );
  const named = Object.entries({ sequence, subdevice_field }).flatMap(([key, name]) =>
    name === undefined ? [] : [[key, name] as const],
  );
  const places = fieldsOf(parseTemplate(downlink));
  const foreign = places.filter((name) => !['payload', 'topic', 'subdevice', 'number'].includes(name));
  return [
    ...[...used, ...named, ...askFields(lines)]
      .filter(([, name]) => !isKnown(name))
      .map(([key, name]) => unknown(key, name)),
    ...foreign.map((name) =>
      at('downlink', `names the unknown field "${name}"`, 'The fields are payload, topic, subdevice and number.'),
    ),
    ...(places.includes('payload')
      ? []
      : [at('downlink', 'does not contain {payload}', 'Add {payload} where the payload belongs.')]),
  ];
}

function answerProblems(lines: LinesSection, at: At): Problem[] {
  const idle = (['busy', 'refused', 'sequence'] as const).filter(
    (key) => lines.ack === undefined && lines[key] !== undefined,
  );
  const hasNoAck = lines.downlink_refused !== undefined && lines.downlink_ack === undefined;
  const ended = (['ack', 'busy', 'refused', 'downlink'] as const).filter((key) =>
    lines[key]?.includes(lines.delimiter),
  );
  return [
    ...idle.map((key) => at(key, 'requires ack', 'Add `ack`: without it the device does not wait for an answer.')),
    ...(hasNoAck
      ? [
          at(
            'downlink_refused',
            'requires downlink_ack',
            'Add `downlink_ack`: without it the gateway does not wait for an answer.',
          ),
        ]
      : []),
    ...ended.map((key) => at(key, 'contains the delimiter', 'Remove it: the gateway adds the delimiter to each line.')),
  ];
}

function topicProblems({ topic, downlinks }: LinesSection, at: At): Problem[] {
  const problem = topicProblem(fillTemplate(parseTemplate(topic), () => 'x') ?? '');
  return [
    ...(problem === undefined
      ? []
      : [at('topic', `is a ${problem.problem}`, 'Write a topic that the subdevice may publish on.')]),
    ...downlinks.flatMap((filter, index) => {
      const wrong = filterProblem(filter);
      if (wrong === undefined) return [];
      return [
        at(
          `downlinks[${index}]`,
          `is not a topic filter: ${wrong.problem}`,
          'Write a filter that the subdevice may subscribe to.',
        ),
      ];
    }),
  ];
}

/**
 * Rejects `overflow = "reject"` without `lines.ack`, because a device that gets no answer does not send its line again.
 */
function overflowProblems({ overflow }: LinkSection, { ack }: LinesSection, path: string): Problem[] {
  if (overflow !== 'reject' || ack !== undefined) return [];
  return [
    {
      path: `${path}.overflow`,
      what: 'is "reject", but without lines.ack the device is not informed',
      hint: 'Choose drop-oldest, drop-newest or keep-latest, or add lines.ack.',
    },
  ];
}
