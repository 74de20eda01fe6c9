/** Subdevices that are configured and not there: who, where, since when. */

import { driverNamed } from '../../driver/drivers.ts';
import { isReopening, type LinkStateView } from '../../flow/links.ts';
import type { GatewayView } from '../gateway-view.ts';
import type { MissingSubdevice } from '../reports/link-report.ts';
import type { Condition } from '../reports/report.ts';
import { durationWords } from '../words.ts';

/** Silence of a subdevice that is not polled: it may sleep, or be a spare on a shelf. A unit that is polled is named at once. */
const TOLD_MS = 5 * 60_000;
const AT_RISK_MS = 60 * 60_000;

/** On links that are open, or that are opened again as a recovery step, by link; `''`: it may be on any of several. */
export function missingSubdevices({
  links,
  registry,
  presence,
  config,
  clock,
}: GatewayView): Map<string, MissingSubdevice[]> {
  const nowMs = clock.nowMs();
  const states = new Map(links.states().map((standing) => [standing.plan.name, standing]));
  const missing = new Map<string, MissingSubdevice[]>();
  for (const { id } of config.subdevices) {
    const homes = config.links.filter(({ allowedSubdevices }) => allowedSubdevices?.includes(id) ?? true);
    const open = homes.flatMap(({ name }) => states.get(name) ?? []).filter(isInUse);
    const [first] = open;
    const subdevice = registry.byId(id);
    if (first === undefined || open.length < homes.length || presence.goodbyes.has(id)) continue;
    const isUnheard = driverNamed(first.plan.driver).attachesUnheard && first.plan.machine.counters.bytesIn === 0;
    if (subdevice?.isAttached === true && !(homes.length === 1 && isUnheard)) continue;
    const unansweredSinceMs = first.plan.machine.unanswered().get(id);
    // not asked yet, sent to all, or it answers and is not served
    if (driverNamed(first.plan.driver).isPolled && unansweredSinceMs === undefined) continue;
    const heard = open.flatMap(({ plan }) => plan.machine.lastReceivedAtMs(id) ?? []);
    const neverFromMs = unansweredSinceMs ?? Math.max(...open.map(({ sinceMs }) => sinceMs));
    const wasHeard = heard.length > 0;
    const forMs = nowMs - (wasHeard ? Math.max(...heard) : neverFromMs);
    const home = homes.length === 1 ? first.plan.name : '';
    missing.set(home, [...(missing.get(home) ?? []), { subdevice: id, wasHeard, forMs }]);
  }
  return missing;
}

function isInUse(view: LinkStateView): boolean {
  return view.plan.machine.state === 'open' || isReopening(view);
}

interface MissedLink {
  /** Its name; `''`: any of several. */
  readonly link: string;
  readonly path: string;
  /** `undefined`: any of several. */
  readonly driver: string | undefined;
  /** What is heard there instead. */
  readonly heard: string | undefined;
  /** Another unit of it answers. */
  readonly hasAnswers: boolean;
}

export function missingConditions(
  missing: readonly MissingSubdevice[],
  { link, path, driver, heard, hasAnswers }: MissedLink,
): Condition[] {
  const isPolled = driver !== undefined && driverNamed(driver).isPolled;
  const due = isPolled ? missing : missing.filter(({ forMs }) => forMs >= TOLD_MS);
  if (due.length === 0) return [];
  const forMs = Math.max(...due.map((each) => each.forMs));
  const gone = due.filter(({ wasHeard }) => wasHeard);
  const never = due.filter(({ wasHeard }) => !wasHeard);
  const where = link === '' ? '' : ` on link ${link}`;
  const parts = [
    ...(never.length === 0
      ? []
      : [`${namesOf(never)} ${isPolled ? 'answered nothing' : 'said nothing'}${where} since the start`]),
    ...(gone.length === 0
      ? []
      : [
          `${namesOf(gone)}${where} ${isPolled ? `${gone.length === 1 ? 'does' : 'do'} not answer any more` : 'fell silent'}, last heard ${durationWords(Math.min(...gone.map((each) => each.forMs)))} ago`,
        ]),
  ];
  const instead = heard === undefined ? '' : ` Heard there instead: ${heard}.`;
  return [
    {
      ...{ code: 'subdevice-silent', losing: isPolled || forMs >= AT_RISK_MS ? 'at risk' : 'no', forMs },
      sentence: `${parts.join('; ')}.${instead}`,
      hint: isPolled
        ? `Check its power, its wires (A and B), its address and the speed and parity of the line${hasAnswers ? '' : `; no unit of the link answers, so it may also be the cable or the adapter (${path})`}. Nothing is read from it until it answers.`
        : 'Check its power and its wires. If it is a spare or sleeps for long, nothing is to be done.',
    },
  ];
}

function namesOf(missing: readonly MissingSubdevice[]): string {
  const names = missing.map(({ subdevice }) => subdevice);
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}
