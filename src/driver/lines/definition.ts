/** The driver of lines of text and NDJSON. */
import { fieldsOf, fillTemplate } from '../../base/template.ts';
import { defineDriver } from '../link-driver.ts';
import { createLinesLink, type LinesLinkOptions } from './link.ts';
import { LINES_TABLE, LINK_KEYS } from './link-keys.ts';
import { linesProblems } from './link-rules.ts';
import { decodeLines, type LinesOptions, recallPattern } from './options.ts';
import { isText } from './recognise-text.ts';
import { LineSource } from './recorded-frames.ts';

export const LINES = defineDriver<typeof LINK_KEYS, LinesOptions, Omit<LinesLinkOptions, 'random'>>({
  name: 'lines',
  protocol: 'lines',
  protocols: [{ name: 'lines', words: 'lines of text', order: 3, isIn: isText }],
  keys: LINK_KEYS,
  lists: {},
  tables: { 'link.lines': LINES_TABLE },
  subdeviceKeys: {},
  retry: { retryMs: 1000, retriesMax: 5 },
  problems: linesProblems,
  starter: (subdevice) => ['', '[link.lines]', `subdevice = ${JSON.stringify(subdevice)}`],
  listed: ({ subdevices, lines }, path) =>
    subdevices.length === 0 && lines !== undefined
      ? [{ path: `${path}.lines.subdevice`, id: lines.subdevice }]
      : subdevices.map((id, index) => ({ path: `${path}.subdevices[${index}]`, id })),
  servesUnlisted: true,
  toServe:
    'the link serves `subdevice` of [link.lines] alone; for others set `subdevice_field`, and list their ids in `subdevices`',
  acknowledges: ({ lines }) => lines?.ack !== undefined,
  decode: ({ lines }) => {
    if (lines === undefined) throw new Error('a link of lines without [link.lines], and no problem was found');
    return decodeLines(lines);
  },
  protocolOf: () => 'lines',
  filtersFor: ({ downlinks }) => downlinks,
  topicsFor: ({ topic }) => (fieldsOf(topic).length === 0 ? [fillTemplate(topic, () => undefined) ?? ''] : []),
  isMute: () => false,
  plan: (link, options, { uplinksMax, reopen }) => ({ ...link, ...options, uplinksMax, reopen }),
  create: createLinesLink,
  laterClasses: [],
  recall: (recorded) => {
    const options = recorded as LinesLinkOptions;
    return {
      ...options,
      pattern: recallPattern(options.pattern),
      downlinkAck: recallPattern(options.downlinkAck),
      downlinkRefused: recallPattern(options.downlinkRefused),
    };
  },
  newFrameSource: (options) => new LineSource(options),
  capture: { kind: 'dissector', name: 'data' },
  isPolled: false,
  attachesUnheard: true,
  oversizeIsDamage: false,
  unprobedBecause: 'line devices cannot be probed, because they interpret every line',
  mayIgnoreProbes: false,
});
