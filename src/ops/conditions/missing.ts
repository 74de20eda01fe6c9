/** Configured subdevices that do not answer or send: names, links, durations. */

import { driverNamed } from '../../driver/drivers.ts';
import { isReopening, type LinkStateView } from '../../flow/links.ts';
import type { GatewayView } from '../gateway-view.ts';
import type { MissingSubdevice } from '../reports/link-report.ts';
import type { Condition } from '../reports/report.ts';
import { durationWords } from '../words.ts';
import { isFailedReadout, READOUT_REMEDY } from './failed-requests.ts';
import { remedyOfSilentUnit } from './way-words.ts';

/**
 * Silence after which an unpolled subdevice is reported: such a device may sleep or be a spare. A polled unit is
 * reported at once.
 */
const REPORTED_MS = 5 * 60_000;
const AT_RISK_MS = 60 * 60_000;
/** Largest number of failed requests in a sentence. */
const STEPS_MAX = 2;

/** Missing subdevices by link, for links that are open or reopening as a recovery step; `''`: any of several links. */
export function missingSubdevices({
  links,
  registry,
  presence,
  config,
  clock,
}: GatewayView): Map<string, MissingSubdevice[]> {
  const nowMs = clock.nowMs();
  const states = new Map(links.states().map((linkState) => [linkState.plan.name, linkState]));
  const missing = new Map<string, MissingSubdevice[]>();
  for (const { id } of config.subdevices) {
    const homes = config.links.filter(({ allowedSubdevices }) => allowedSubdevices?.includes(id) ?? true);
    const open = homes.flatMap(({ name }) => states.get(name) ?? []).filter(isInUse);
    const [first] = open;
    const subdevice = registry.byId(id);
    if (first === undefined || open.length < homes.length || presence.disconnected.has(id)) continue;
    const isUnheard = driverNamed(first.plan.driver).attachesUnheard && first.plan.machine.counters.bytesIn === 0;
    if (subdevice?.isAttached === true && !(homes.length === 1 && isUnheard)) continue;
    const unansweredSinceMs = first.plan.machine.unanswered().get(id);
    // The unit has not been polled yet, is only written to by broadcast, or answers and is not served.
    if (first.plan.machine.isPolled && unansweredSinceMs === undefined) continue;
    const receivedAtMs = open.flatMap(({ plan }) => plan.machine.lastReceivedAtMs(id) ?? []);
    const neverFromMs = unansweredSinceMs ?? Math.max(...open.map(({ sinceMs }) => sinceMs));
    const hasSent = receivedAtMs.length > 0;
    const forMs = nowMs - (hasSent ? Math.max(...receivedAtMs) : neverFromMs);
    const home = homes.length === 1 ? first.plan.name : '';
    missing.set(home, [...(missing.get(home) ?? []), { subdevice: id, hasSent, forMs }]);
  }
  return missing;
}

function isInUse(view: LinkStateView): boolean {
  return view.plan.machine.state === 'open' || isReopening(view);
}

interface MissedLink {
  /** Name of the link; `''`: any of several. */
  readonly link: string;
  readonly path: string;
  /** Framing of the link; `null`: unknown, or any of several links. */
  readonly protocol: string | null;
  /** True if the subdevices of the link are polled. */
  readonly isPolled: boolean;
  /** Client ids received on the link in place of the missing subdevices. */
  readonly receivedInstead: string | undefined;
  /** True if another unit of the link answers. */
  readonly hasAnswers: boolean;
  /** Last failed requests that say more than that nothing answered, by subdevice. */
  readonly failed: ReadonlyMap<string, string>;
}

export function missingConditions(
  missing: readonly MissingSubdevice[],
  { link, path, protocol, isPolled, receivedInstead, hasAnswers, failed }: MissedLink,
): Condition[] {
  const due = isPolled ? missing : missing.filter(({ forMs }) => forMs >= REPORTED_MS);
  if (due.length === 0) return [];
  const forMs = Math.max(...due.map((each) => each.forMs));
  const gone = due.filter(({ hasSent }) => hasSent);
  const never = due.filter(({ hasSent }) => !hasSent);
  const where = link === '' ? '' : ` on link ${link}`;
  const parts = [
    ...(never.length === 0
      ? []
      : [
          `${namesOf(never)} ${never.length === 1 ? 'has' : 'have'} ${isPolled ? 'not answered' : 'sent nothing'}${where} since the start`,
        ]),
    ...(gone.length === 0
      ? []
      : [
          `${namesOf(gone)}${where} ${gone.length === 1 ? 'does' : 'do'} not ${isPolled ? 'answer' : 'send'} any more, last frame ${durationWords(Math.min(...gone.map((each) => each.forMs)))} ago`,
        ]),
  ];
  const instead = receivedInstead === undefined ? '' : ` Received there instead: ${receivedInstead}.`;
  const steps = due.flatMap(({ subdevice }) => failed.get(subdevice) ?? []).slice(0, STEPS_MAX);
  const last = steps.length === 0 ? '' : ` Last request: ${steps.join('; ')}.`;
  const remedy = due.every(({ subdevice }) => isFailedReadout(failed.get(subdevice)))
    ? READOUT_REMEDY
    : remedyOfSilentUnit({ path, protocol }, hasAnswers);
  return [
    {
      code: 'subdevice-silent',
      losing: isPolled || forMs >= AT_RISK_MS ? 'at risk' : 'no',
      forMs,
      sentence: `${parts.join('; ')}.${instead}${last}`,
      hint: isPolled
        ? `${remedy}. Nothing is read from it until it answers.`
        : 'Check its power and its wires. No action is needed for a spare or for a device that sleeps for long.',
    },
  ];
}

function namesOf(missing: readonly MissingSubdevice[]): string {
  const names = missing.map(({ subdevice }) => subdevice);
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}
