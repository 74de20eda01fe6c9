/**
 * Rules of `[[link.lines.ask]]` and of the keys that `[[link.lines.readout]]` has too: each request has a subdevice that
 * the link serves, and each subdevice a request.
 */
import { fieldsOf, fillTemplate, parseTemplate } from '../../base/template.ts';
import { topicProblem } from '../../base/topic.ts';
import { compilePattern } from '../../config/kinds/pattern.ts';
import type { Problem } from '../../config/kinds/problem.ts';
import type { LinkKeys } from '../link-driver.ts';
import type { AskSection } from './ask-keys.ts';
import type { LinesSection } from './link-keys.ts';

type At = (key: string, what: string, hint: string) => Problem;

/** Keys of [link.lines] that have no effect with requests, or disturb them. */
const WITHOUT_ASKS: readonly (readonly [key: 'ack' | 'silence_s', hint: string])[] = [
  ['ack', 'Remove it: a device that is asked needs no answer to its answer.'],
  ['silence_s', 'Remove it: a device counts as away when it does not answer.'],
];

/** @param link that the requests belong to */
export function askProblems(lines: LinesSection, link: LinkKeys, at: At): Problem[] {
  const isSevenBit = link.data_bits === 7 || lines.bit_7 !== 'data';
  const { ask } = lines;
  return [
    ...requestProblems('ask', lines, link, at),
    ...requestProblems('readout', lines, link, at),
    ...ask.flatMap((one, index) => contentProblems(one, lines, isSevenBit, placeIn(`ask[${index}]`, at))),
    ...WITHOUT_ASKS.filter(([key]) => ask.length > 0 && lines[key] !== undefined && lines[key] !== 0).map(
      ([key, hint]) => at(key, 'has no effect with requests', hint),
    ),
  ];
}

function placeIn(entry: string, at: At): At {
  return (key, what, hint) => at(`${entry}.${key}`, what, hint);
}

function requestProblems(list: 'ask' | 'readout', lines: LinesSection, { subdevices }: LinkKeys, at: At): Problem[] {
  const requests = lines[list];
  if (requests.length === 0) return [];
  const served = subdevices.length === 0 ? [lines.subdevice] : subdevices;
  const names = requests.map(({ name }) => name);
  const asked = new Set(requests.map(({ subdevice }) => subdevice ?? lines.subdevice));
  const unasked = served.find((id) => !asked.has(id));
  return [
    ...requests.flatMap(({ name, subdevice, topic }, index) => {
      const place = placeIn(`${list}[${index}]`, at);
      const wrong = topic === undefined ? undefined : topicProblem(fillTemplate(parseTemplate(topic), () => 'x') ?? '');
      return [
        ...(names.indexOf(name) === index
          ? []
          : [place('name', `is "${name}", which another request has too`, 'Choose another name.')]),
        ...(subdevice === undefined || served.includes(subdevice)
          ? []
          : [
              place(
                'subdevice',
                `is "${subdevice}", which the link does not serve`,
                'Add it to `subdevices` of the link.',
              ),
            ]),
        ...(wrong === undefined
          ? []
          : [place('topic', `is a ${wrong.problem}`, 'Write a topic that the subdevice may publish on.')]),
      ];
    }),
    ...(unasked === undefined
      ? []
      : [at(list, `has no request for "${unasked}"`, 'Add one: on a link with requests each subdevice is asked.')]),
  ];
}

function contentProblems({ answer, send }: AskSection, lines: LinesSection, isSevenBit: boolean, place: At): Problem[] {
  const compiled = answer === undefined ? undefined : compilePattern(answer);
  return [
    ...(compiled === undefined || compiled.ok
      ? []
      : [place('answer', `is not a valid pattern: ${compiled.problem}`, 'Use RE2 syntax.')]),
    ...(isSevenBit && /[\x80-\xff]/.test(send)
      ? [place('send', 'has bytes of 8 bits on a line of 7', 'Write characters up to \\u007F.')]
      : []),
    ...(lines.echo && !send.endsWith(lines.delimiter)
      ? [place('send', 'does not end with the delimiter, so its echo is not recognised', 'Add the delimiter.')]
      : []),
  ];
}

/** Fields that the topic of a request names. */
export function askFields(lines: LinesSection): (readonly [key: string, name: string])[] {
  return (['ask', 'readout'] as const).flatMap((list) =>
    lines[list].flatMap(({ topic }, index) =>
      fieldsOf(parseTemplate(topic ?? '')).map((name) => [`${list}[${index}].topic`, name] as const),
    ),
  );
}
