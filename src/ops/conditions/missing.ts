/** Subdevices that are configured and not there: who, where, since when. */
import type { Gateway } from '../../app/gateway.ts';
import type { MissingSubdevice } from '../reports/link-report.ts';
import type { Condition } from '../reports/report.ts';
import { durationWords } from '../words.ts';

/** A master polls its units, so silence is certain soon. */
const UNIT_MS = 10_000;
/** Others may sleep, or be spares on a shelf. */
const TOLD_MS = 5 * 60_000;
const AT_RISK_MS = 60 * 60_000;

/** On links that are open, by link; `''`: it may be on any of several. */
export function missingSubdevices({ links, stations, presence, parts }: Gateway): Map<string, MissingSubdevice[]> {
  const nowMs = parts.clock.nowMs();
  const states = new Map(links.states().map((standing) => [standing.plan.name, standing]));
  const missing = new Map<string, MissingSubdevice[]>();
  for (const { id } of parts.config.subdevices) {
    const homes = parts.config.links.filter(({ allowedSubdevices }) => allowedSubdevices?.includes(id) ?? true);
    const open = homes.flatMap(({ name }) => states.get(name) ?? []).filter(isOpen);
    const [first] = open;
    const subdevice = stations.registry.byId(id);
    if (first === undefined || open.length < homes.length || presence.goodbyes.has(id)) continue;
    const isMute = first.plan.driver === 'lines' && first.plan.machine.counters.bytesIn === 0;
    const isBroadcast = parts.config.links.some(({ units }) =>
      units.some((unit) => unit.subdevice === id && unit.address === 0),
    );
    if (isBroadcast || (subdevice?.isAttached === true && !(homes.length === 1 && isMute))) continue;
    const wasHeard = subdevice?.lastReceivedAtMs !== undefined && !isMute;
    const fromMs = wasHeard ? (subdevice?.lastReceivedAtMs ?? nowMs) : Math.max(...open.map(({ sinceMs }) => sinceMs));
    const home = homes.length === 1 ? first.plan.name : '';
    missing.set(home, [...(missing.get(home) ?? []), { subdevice: id, wasHeard, forMs: nowMs - fromMs }]);
  }
  return missing;
}

function isOpen({ plan }: ReturnType<Gateway['links']['states']>[number]): boolean {
  return plan.machine.state === 'open';
}

/** @param driver of the link; `undefined`: any of several */
export function missingConditions(
  missing: readonly MissingSubdevice[],
  {
    link,
    driver,
    heard,
  }: { readonly link: string; readonly driver: string | undefined; readonly heard: string | undefined },
): Condition[] {
  const isPolled = driver === 'modbus';
  const due = missing.filter(({ forMs }) => forMs >= (isPolled ? UNIT_MS : TOLD_MS));
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
          `${namesOf(gone)}${where} ${isPolled ? 'does not answer any more' : 'fell silent'}, last heard ${durationWords(Math.min(...gone.map((each) => each.forMs)))} ago`,
        ]),
  ];
  const instead = heard === undefined ? '' : ` Heard there instead: ${heard}.`;
  return [
    {
      ...{ code: 'subdevice-silent', losing: isPolled || forMs >= AT_RISK_MS ? 'at risk' : 'no', forMs },
      sentence: `${parts.join('; ')}.${instead}`,
      hint: isPolled
        ? 'Check its power, its wires (A and B), its address and the speed and parity of the line; nothing is read from it until it answers.'
        : 'Check its power and its wires. If it is a spare or sleeps for long, nothing is to be done.',
    },
  ];
}

function namesOf(missing: readonly MissingSubdevice[]): string {
  const names = missing.map(({ subdevice }) => subdevice);
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}
