/** Checks of the lines of a running gateway: what is received on each, and ports that are swapped. */
import { DRIVERS } from '../driver/drivers.ts';
import { looksLikeWords } from '../ops/conditions/misplaced.ts';
import { isOnNetwork, remedyOfNoise } from '../ops/conditions/way-words.ts';
import type { LinkReport } from '../ops/reports/link-report.ts';
import { countOf, countWords, kernelWords } from '../ops/words.ts';
import { type Check, type CheckFinding, fail, ok, skipped, warn } from './check.ts';

const NO_GATEWAY = 'No gateway answers.';

/** Link on which the traffic of another link is received, with the evidence. */
interface Sighting {
  readonly on: LinkReport;
  readonly of: LinkReport;
  readonly evidence: string;
}

export const linkSwapped: Check = {
  id: 'link.swapped',
  about: "no two links receive each other's devices",
  msMax: 1000,
  run: async ({ gateway }): Promise<readonly CheckFinding[]> => {
    const { id } = linkSwapped;
    if (gateway.kind !== 'running') return [skipped(id, NO_GATEWAY)];
    const { links } = gateway.status;
    const sightings = links.flatMap((on) => links.flatMap((of) => sightingOf(on, of) ?? []));
    const pairs = sightings.flatMap((one) => {
      const other = sightings.find(({ on, of }) => on === one.of && of === one.on);
      return one.on.name < one.of.name ? [[one, other] as const] : other === undefined ? [[one, other] as const] : [];
    });
    if (pairs.length === 0) return [ok(id, `${countOf(links.length, 'link')}: none receives devices of another.`)];
    return pairs.map(([one, other]) => findingOf(one, other));
  },
};

function sightingOf(on: LinkReport, of: LinkReport): Sighting | undefined {
  if (on === of || on.state !== 'open') return undefined;
  const unlisted = on.unlisted.filter(({ configuredOn }) => configuredOn === of.name);
  if (unlisted.length > 0) {
    const names = unlisted.map(({ subdevice }) => subdevice).join(', ');
    return { on, of, evidence: `Link ${on.name} receives ${names}, configured for ${of.name}.` };
  }
  const home = DRIVERS.find(({ protocols }) => protocols.some(({ name }) => name === on.looksLike));
  if (home === undefined || on.driver === of.driver || home.name !== of.driver) return undefined;
  const protocol = home.protocols.find(({ name }) => name === on.looksLike)?.words ?? home.name;
  return { on, of, evidence: `Link ${on.name} receives ${protocol}, the protocol of ${of.name}.` };
}

function findingOf(one: Sighting, other: Sighting | undefined): CheckFinding {
  const { id } = linkSwapped;
  const [first, second] = [one.on, one.of];
  if (other !== undefined)
    return fail(
      id,
      [
        one.evidence,
        other.evidence,
        `So the ports of ${first.name} (${first.path}) and ${second.name} (${second.path}) are swapped.`,
      ],
      `Swap the two plugs, or swap path of ${first.name} and ${second.name} in the configuration.`,
    );
  const isQuiet = second.counters.bytesIn === 0 || second.missing.length > 0;
  const rest = isQuiet
    ? `Link ${second.name} receives nothing of its own devices.`
    : `Link ${second.name} receives its own devices too.`;
  return warn(
    id,
    [one.evidence, rest],
    isQuiet
      ? `Check whether the ports of ${first.name} and ${second.name} are swapped.`
      : `Check which device is connected to the port of ${first.name} (${first.path}).`,
  );
}

/** Share of broken frames from which a line is disturbed, and from which it does not work. */
const NOISY_SHARE = 0.05;
const USELESS_SHARE = 0.5;

export const linkLine: Check = {
  id: 'link.line',
  about: 'each line carries frames of its driver and few broken ones',
  msMax: 1000,
  run: async ({ gateway }) => {
    const { id } = linkLine;
    if (gateway.kind !== 'running') return [skipped(id, NO_GATEWAY)];
    const { links } = gateway.status;
    return links.map((link) => lineOf(link, links));
  },
};

function lineOf(link: LinkReport, links: readonly LinkReport[]): CheckFinding {
  const id = `${linkLine.id}:${link.name}`;
  if (link.state !== 'open') return skipped(id, `The port of link ${link.name} is not open: see link.port.`);
  const rate = link.rates.toSorted((one, other) => other.overS - one.overS)[0];
  const broken = Math.round((rate?.broken ?? 0) * (rate?.overS ?? 0));
  const whole = Math.round((rate?.framesIn ?? 0) * (rate?.overS ?? 0));
  const window = `in the last ${rate?.overS ?? 0} s`;
  const discarded = link.discarded.filter(({ lasts, reason }) => lasts && ABOUT_LINE.has(reason));
  const samples = discarded.map(({ reason, recent }) => `${reason}: ${countWords(recent)}`);
  const kernel = link.kernel === null ? [] : [`Kernel: ${kernelWords(link.kernel)}.`];
  const guess = looksLikeWords(link, links);
  const facts = [
    `${countOf(whole, 'frame')} and ${countWords(broken)} broken ${window}${samples.length === 0 ? '' : ` (${samples.join(', ')})`}.`,
    ...(guess === undefined ? [] : [guess.sentence]),
    ...kernel,
  ];
  const share = broken / Math.max(1, broken + whole);
  const remedy = isOnNetwork(link) ? remedyOfNoise(link) : WIRE;
  if (guess !== undefined) return fail(id, facts, guess.hint);
  if (share > USELESS_SHARE) return fail(id, facts, remedy);
  if (share > NOISY_SHARE) return warn(id, facts, remedy);
  return link.counters.bytesIn === 0
    ? skipped(id, `Nothing was received on link ${link.name} since the start.`)
    : ok(id, ...facts);
}

/** Reasons that concern the bytes of the line and not the content of the messages. */
const ABOUT_LINE: ReadonlySet<string> = new Set([
  'frame checksum',
  'frame coding',
  'frame too long',
  'noise',
  'line noise',
  'line encoding',
  'unit checksum',
  'unit mismatch',
]);

const WIRE =
  'Compare speed, parity and framing of both ends; then check the ground wire, on RS-485 also the termination. Test the line with: holdfast link test NAME';
