/** Links without MQTT-SN: lines of JSON, and units on a Modbus line. */
import { ENVELOPE_FORMS, type EnvelopeForm } from '../../../src/base/envelope-form.ts';
import { jsonLineRing } from '../load/frames.ts';
import { BITS_PER_OCTET } from '../load/line-clock.ts';
import { pause, until } from '../load/until.ts';
import type { Figure } from '../report/figure.ts';
import { type Holdfast, openHoldfast } from '../subjects/holdfast.ts';
import { costFigures, expectNothingLost, Measurement } from '../subjects/relay.ts';
import type { BenchCase, RunSettings } from './bench-case.ts';
import { measureFlow } from './flow-cases.ts';
import { within } from './link-cases.ts';

const LINKS = 8;
/** Half of the lines that a link remembers (docs/lines.md). */
const WINDOW = 8;
const UNITS = Array.from({ length: 8 }, (_, index) => `unit-${index + 1}`);
const REGISTERS = 10;
const POLL_MS = 20;
const BAUD_RATES = [19_200, 115_200];

/** Lines of JSON on each link. @param envelope form of the envelope of their uplinks */
async function openLines({ stateRoot, cacheFolder }: RunSettings, envelope: EnvelopeForm): Promise<Holdfast> {
  const table = (index: number): string =>
    `[link.lines]\nsubdevice = "s${index}"\nformat = "ndjson"\ntopic = "t"\nsequence = "n"\nack = "OK {n}"\nbusy = "BUSY {n}"\n`;
  const holdfast = await openHoldfast({
    stateRoot,
    cacheFolder,
    links: LINKS,
    outbox: { envelope },
    link: { driver: 'lines' },
    linkText: table,
    protocol: () => ({ kind: 'text' }),
    ring: jsonLineRing(),
  });
  holdfast.hub.countsLines = true;
  if (envelope === 'json') holdfast.hub.envelopeBytes = '{"payload":'.length;
  return holdfast;
}

async function envelopes(settings: RunSettings): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const form of ENVELOPE_FORMS) {
    const holdfast = await openLines(settings, form);
    try {
      await holdfast.load.send(settings.warmUp, { window: WINDOW });
      figures.push(...within(form, await measureFlow(holdfast, settings, { window: WINDOW }), ['messages', 'CPU']));
      await expectNothingLost(holdfast);
    } finally {
      await holdfast.close();
    }
  }
  return figures;
}

async function lines(settings: RunSettings): Promise<readonly Figure[]> {
  const holdfast = await openLines(settings, 'none');
  try {
    await holdfast.load.send(settings.warmUp, { window: WINDOW });
    const near = await measureFlow(holdfast, settings, { window: WINDOW });
    await holdfast.load.pause();
    await holdfast.hub.close();
    const away = await measureFlow(holdfast, settings, { window: WINDOW });
    await holdfast.load.pause();
    await holdfast.hub.open();
    await expectNothingLost(holdfast);
    return [...within('near', near), ...within('away', away)];
  } finally {
    await holdfast.close();
  }
}

async function modbus(settings: RunSettings): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const baudRate of BAUD_RATES) figures.push(...(await modbusLine(settings, baudRate)));
  return figures;
}

async function modbusLine(
  { stateRoot, cacheFolder, seconds, isQuick }: RunSettings,
  baudRate: number,
): Promise<readonly Figure[]> {
  const holdfast = await openHoldfast({
    stateRoot,
    cacheFolder,
    links: 1,
    link: { driver: 'modbus', baud_rate: baudRate },
    linkText: () => UNITS.map(unitText).join(''),
    subdevices: UNITS,
    protocol: () => ({ kind: 'modbus' }),
    ring: 'none',
  });
  const [line] = holdfast.load.links;
  if (line === undefined) throw new Error('no line');
  try {
    line.set('baudRate', baudRate);
    const isWarm = (): boolean => line.get('received') >= UNITS.length * (isQuick ? 2 : 50);
    await until(isWarm, 'the units are polled');
    const before = { polls: line.get('received'), bytes: line.get('bytesRead') + line.get('bytesWritten') };
    const measurement = await Measurement.start(holdfast);
    await pause(seconds * 1000);
    const polls = line.get('received') - before.polls;
    const bytes = line.get('bytesRead') + line.get('bytesWritten') - before.bytes;
    const cost = await measurement.end(polls);
    const share = (bytes * BITS_PER_OCTET) / baudRate / cost.seconds;
    const part = `${baudRate} baud`;
    return [
      { name: `${part}: units polled`, unit: '/s', better: 'more', value: polls / cost.seconds },
      { name: `${part}: share of the line`, unit: '%', better: 'more', value: share * 100 },
      ...within(part, costFigures(cost), ['CPU']),
    ];
  } finally {
    await holdfast.close();
  }
}

function unitText(id: string, index: number): string {
  const points = Array.from(
    { length: REGISTERS },
    (_, register) => `[[link.unit.point]]\nname = "r${register}"\ntable = "holding"\naddress = ${register}\n`,
  );
  return `[[link.unit]]\nid = "${id}"\naddress = ${index + 1}\npoll_ms = ${POLL_MS}\n${points.join('')}`;
}

export const lineCases: readonly BenchCase[] = [
  {
    name: 'lines',
    about: '8 links with lines of JSON, 8 lines each without an answer, the hub near and away',
    subjects: ['holdfast'],
    run: lines,
  },
  {
    name: 'envelope',
    about: '8 links with lines of JSON, the hub near: without an envelope, and with each form',
    subjects: ['holdfast'],
    run: envelopes,
  },
  {
    name: 'modbus',
    about: '8 units with 10 changing registers on one line: units polled, share of the line',
    subjects: ['holdfast'],
    run: modbus,
  },
];
