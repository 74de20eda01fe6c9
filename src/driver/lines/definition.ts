/** The driver of lines of text and NDJSON. */
import { defineDriver } from '../link-driver.ts';
import { ASK } from './ask-keys.ts';
import { FIELD } from './field-keys.ts';
import { fieldReadings, fixedTopics } from './field-readings.ts';
import { createLinesLink, type LinesLinkOptions } from './link.ts';
import { LINES_TABLE, LINK_KEYS } from './link-keys.ts';
import { linesProblems } from './link-rules.ts';
import { decodeLines, type LinesOptions, recallPattern } from './options.ts';
import { READOUT } from './readout-keys.ts';
import { isText } from './recognise-text.ts';
import { LineSource } from './recorded-frames.ts';

export const LINES = defineDriver<typeof LINK_KEYS, LinesOptions, Omit<LinesLinkOptions, 'random'>>({
  name: 'lines',
  protocol: 'lines',
  protocols: [{ name: 'lines', words: 'lines of text', order: 3, isIn: isText }],
  keys: LINK_KEYS,
  lists: { 'link.lines.field': FIELD, 'link.lines.ask': ASK, 'link.lines.readout': READOUT },
  tables: { 'link.lines': LINES_TABLE },
  subdeviceKeys: {},
  profiled: undefined,
  retry: () => ({ retryMs: 1000, retriesMax: 5 }),
  problems: linesProblems,
  warnings: () => [],
  starter: (subdevice) => ['', '[link.lines]', `subdevice = ${JSON.stringify(subdevice)}`],
  listed: ({ subdevices, lines }, path) =>
    subdevices.length === 0 && lines !== undefined
      ? [{ path: `${path}.lines.subdevice`, id: lines.subdevice }]
      : subdevices.map((id, index) => ({ path: `${path}.subdevices[${index}]`, id })),
  servesUnlisted: true,
  toServe:
    'the link serves `subdevice` of [link.lines] alone; for others set `subdevice_field`, and list their ids in `subdevices`',
  acknowledges: ({ lines }) => lines?.ack !== undefined,
  decode: ({ lines, data_bits }) => {
    if (lines === undefined) throw new Error('a link of lines without [link.lines], and no problem was found');
    return decodeLines(lines, data_bits);
  },
  protocolOf: () => 'lines',
  filtersFor: ({ downlinks }) => downlinks,
  topicsFor: fixedTopics,
  profileOf: () => undefined,
  readingsFor: fieldReadings,
  isMute: () => false,
  plan: (link, options, { uplinksMax, reopen }) => ({ ...link, ...options, uplinksMax, reopen }),
  create: createLinesLink,
  laterClasses: [],
  recall: (recorded) => {
    const options = recorded as LinesLinkOptions;
    return {
      ...options,
      pattern: recallPattern(options.pattern),
      fields: options.fields.map((field) => ({ ...field, pattern: recallPattern(field.pattern) })),
      asks: options.asks.map((ask) => ({ ...ask, answer: recallPattern(ask.answer) })),
      telegramBegin: recallPattern(options.telegramBegin),
      telegramEnd: recallPattern(options.telegramEnd),
      downlinkAck: recallPattern(options.downlinkAck),
      downlinkRefused: recallPattern(options.downlinkRefused),
    };
  },
  newFrameSource: (options) => new LineSource(options),
  capture: () => ({ kind: 'dissector', name: 'data' }),
  isText: true,
  attachesUnheard: true,
  oversizeIsDamage: false,
  unprobedBecause: 'line devices cannot be probed, because they interpret every line',
  mayIgnoreProbes: false,
});
