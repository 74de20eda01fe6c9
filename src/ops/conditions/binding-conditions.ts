/** Health of the bindings: who is configured and not bound, and who is bound and not configured. Pure. */
import type { BindingsReport } from '../reports/binding-report.ts';
import type { Condition } from '../reports/report.ts';
import { countOf } from '../words.ts';

export interface BindingHealth extends Omit<BindingsReport, 'answered'> {
  /** Present, and not confirmed by the hub though announced again and again. */
  readonly unconfirmed: { readonly subdevices: readonly string[]; readonly forMs: number };
  readonly nowMs: number;
  readonly startedAtMs: number;
}

/** So many names in a sentence; `holdfast hub describe` has them all. */
const NAMES_MAX = 3;

export function bindingConditions({
  bindings,
  unconfiguredDevices,
  unconfirmed,
  nowMs,
  startedAtMs,
}: BindingHealth): Condition[] {
  const conditions: Condition[] = [];
  const unbound = bindings.filter(({ binding }) => binding === 'unbound');
  const [first] = unbound;
  if (first !== undefined) {
    const isAlone = unbound.length === 1;
    const why = isAlone ? ` (${first.sentence})` : '';
    conditions.push({
      code: 'subdevice-unbound',
      losing: 'at risk',
      forMs: Math.max(...unbound.map(({ forMs }) => forMs ?? 0)),
      sentence: `${countOf(unbound.length, 'subdevice')} not bound at the hub${why}, so not served: ${namesOf(unbound.map(({ subdevice }) => subdevice))}. What ${isAlone ? 'it' : 'they'} sent before is kept.`,
      hint: isAlone ? first.remedy : 'See holdfast hub describe; bind each: holdfast hub bind ID…',
    });
  }
  if (unconfirmed.subdevices.length > 0) {
    const { subdevices, forMs } = unconfirmed;
    conditions.push({
      code: 'subdevice-unconfirmed',
      losing: 'at risk',
      forMs,
      sentence: `The hub does not answer: ${countOf(subdevices.length, 'subdevice')} announced as online and not confirmed: ${namesOf(subdevices)}. It may take nothing of what they send.`,
      hint: 'It is asked again once in 5 min and after each connect; holdfast trace hub shows it. If this lasts, look at the hub.',
    });
  }
  if (unconfiguredDevices.length > 0) {
    conditions.push({
      code: 'subdevice-not-configured',
      losing: 'no',
      forMs: nowMs - startedAtMs,
      sentence: `${countOf(unconfiguredDevices.length, 'subdevice')} bound at the hub and not configured: ${namesOf(unconfiguredDevices)}.`,
      hint: 'Add a [[subdevice]] for it, or take it away: holdfast hub unbind PRODUCT/DEVICE.',
    });
  }
  return conditions;
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX).join(', ');
  return names.length > NAMES_MAX ? `${shown}, …` : shown;
}
