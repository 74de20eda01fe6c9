/**
 * Rules between the keys of `[link.lines]`: patterns compile, fields exist, texts fit on a line, and every answer that
 * the keys promise is possible.
 */
import { fieldsOf, fillTemplate, parseTemplate } from '../../base/template.ts';
import { filterProblem, topicProblem } from '../../base/topic.ts';
import { applyRules, whereKnown } from '../../config/kinds/known.ts';
import { compilePattern } from '../../config/kinds/pattern.ts';
import type { Problem } from '../../config/kinds/problem.ts';
import type { LinkKeys } from '../link-driver.ts';
import type { LinesSection } from './link-keys.ts';

type LinkSection = LinkKeys & { readonly lines?: LinesSection | undefined };

/** @param path of the link */
export function linesProblems(link: LinkSection, path: string): Problem[] {
  const { lines } = link;
  const place = `${path}.lines`;
  if (lines === undefined) {
    const hint = 'Add [link.lines] below the keys of the link, with its subdevice.';
    return [{ path: place, what: 'is missing, and driver "lines" needs it', hint }];
  }
  const at = (key: string, what: string, hint: string): Problem => ({ path: `${place}.${key}`, what, hint });
  return [
    ...applyRules([formatProblems, patternProblems, fieldProblems, answerProblems, topicProblems], lines, at),
    ...whereKnown(() => servingProblems(link, lines, at)),
    ...whereKnown(() => overflowProblems(link, lines, path)),
  ];
}

type At = (key: string, what: string, hint: string) => Problem;

function servingProblems({ subdevices }: LinkSection, lines: LinesSection, at: At): Problem[] {
  if (lines.subdevice_field !== undefined && subdevices.length === 0)
    return [at('subdevice_field', 'needs a list of who it may name', 'Give the link `subdevices = [...]`.')];
  if (subdevices.length === 0 || subdevices.includes(lines.subdevice)) return [];
  return [at('subdevice', `is "${lines.subdevice}", which the link does not serve`, 'Add it to its `subdevices`.')];
}

function formatProblems({ format, pattern, payload, encoding }: LinesSection, at: At): Problem[] {
  if (format === 'text') {
    const isEmpty = payload === 'json' && pattern === undefined;
    return isEmpty ? [at('payload', 'is "json", and there are no fields', 'Add a `pattern` with named groups.')] : [];
  }
  return [
    ...(pattern === undefined
      ? []
      : [at('pattern', 'is for text', 'Fields of format "ndjson" are those of the object.')]),
    ...(payload === 'line' ? [] : [at('payload', 'is "json"', 'With format "ndjson" the line is JSON: write "line".')]),
    ...(encoding === 'utf-8' ? [] : [at('encoding', `is "${encoding}"`, 'JSON is UTF-8.')]),
  ];
}

function patternProblems(lines: LinesSection, at: At): Problem[] {
  return (['pattern', 'downlink_ack', 'downlink_refused'] as const).flatMap((key) => {
    const source = lines[key];
    const compiled = source === undefined ? undefined : compilePattern(source);
    if (compiled === undefined || compiled.ok) return [];
    const hint = "Write it in RE2 syntax, without look-around and back references; in 'single quotes' \\ is itself.";
    return [at(key, `is not a valid pattern: ${compiled.problem}`, hint)];
  });
}

/** Source of each field; `ndjson` may have any field. */
function fieldProblems(lines: LinesSection, at: At): Problem[] {
  const { topic, ack, busy, refused, sequence, subdevice_field, downlink } = lines;
  const compiled = lines.pattern === undefined ? undefined : compilePattern(lines.pattern);
  const groups = compiled === undefined ? [] : compiled.ok ? compiled.value.fields : undefined;
  const known = groups && [...groups, 'subdevice'];
  const isKnown = (name: string): boolean => lines.format === 'ndjson' || known === undefined || known.includes(name);
  const unknown = (key: string, name: string): Problem =>
    at(key, `names the field "${name}", which no group of pattern has`, `Add (?P<${name}>…) to \`pattern\`.`);
  const used = Object.entries({ topic, ack, busy, refused }).flatMap(([key, text]) =>
    fieldsOf(parseTemplate(text ?? '')).map((name) => [key, name] as const),
  );
  const named = Object.entries({ sequence, subdevice_field }).flatMap(([key, name]) =>
    name === undefined ? [] : [[key, name] as const],
  );
  const places = fieldsOf(parseTemplate(downlink));
  const foreign = places.filter((name) => !['payload', 'topic', 'subdevice', 'number'].includes(name));
  return [
    ...[...used, ...named].filter(([, name]) => !isKnown(name)).map(([key, name]) => unknown(key, name)),
    ...foreign.map((name) => at('downlink', `has no field "${name}"`, 'It has payload, topic, subdevice and number.')),
    ...(places.includes('payload') ? [] : [at('downlink', 'lacks {payload}', 'Say where the payload goes.')]),
  ];
}

function answerProblems(lines: LinesSection, at: At): Problem[] {
  const idle = (['busy', 'refused', 'sequence'] as const).filter(
    (key) => lines.ack === undefined && lines[key] !== undefined,
  );
  const unheard = lines.downlink_refused !== undefined && lines.downlink_ack === undefined;
  const ended = (['ack', 'busy', 'refused', 'downlink'] as const).filter((key) =>
    lines[key]?.includes(lines.delimiter),
  );
  return [
    ...idle.map((key) => at(key, 'needs ack', 'Without `ack` the device does not wait for an answer.')),
    ...(unheard
      ? [at('downlink_refused', 'needs downlink_ack', 'Without it the gateway does not wait for an answer.')]
      : []),
    ...ended.map((key) => at(key, 'has the delimiter in it', 'Remove it: what we write is ended for you.')),
  ];
}

function topicProblems({ topic, downlinks }: LinesSection, at: At): Problem[] {
  const problem = topicProblem(fillTemplate(parseTemplate(topic), () => 'x') ?? '');
  return [
    ...(problem === undefined
      ? []
      : [at('topic', `is a ${problem.problem}`, 'Write the topic as the subdevice would.')]),
    ...downlinks.flatMap((filter, index) => {
      const wrong = filterProblem(filter);
      if (wrong === undefined) return [];
      return [at(`downlinks[${index}]`, `is no topic filter: ${wrong.problem}`, 'Write it as it would subscribe.')];
    }),
  ];
}

/** A device that gets no answer does not send its line again. */
function overflowProblems({ overflow }: LinkSection, { ack }: LinesSection, path: string): Problem[] {
  if (overflow !== 'reject' || ack !== undefined) return [];
  return [
    {
      path: `${path}.overflow`,
      what: 'is "reject", and without lines.ack the device would not be informed',
      hint: 'Say what may give way: drop-oldest, drop-newest or keep-latest; or answer the lines.',
    },
  ];
}
