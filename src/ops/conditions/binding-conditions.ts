/** Conditions of the bindings: subdevices configured and not bound, or bound and not configured. Pure. */
import type { BindingsReport } from '../reports/binding-report.ts';
import type { Condition } from '../reports/report.ts';
import { countOf } from '../words.ts';

export interface BindingHealth extends Omit<BindingsReport, 'answered'> {
  /** Present subdevices that the hub has not confirmed although they were announced several times. */
  readonly unconfirmed: { readonly subdevices: readonly string[]; readonly forMs: number };
  readonly nowMs: number;
  readonly startedAtMs: number;
}

/** Largest number of names in a sentence; `holdfast hub describe` lists all. */
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
      sentence: `${countOf(unbound.length, 'subdevice')} not bound at the hub${why} and not served: ${namesOf(unbound.map(({ subdevice }) => subdevice))}. Uplinks that were accepted before are kept.`,
      hint: isAlone ? first.remedy : 'Run holdfast hub describe, then bind each one: holdfast hub bind ID…',
    });
  }
  if (unconfirmed.subdevices.length > 0) {
    const { subdevices, forMs } = unconfirmed;
    conditions.push({
      code: 'subdevice-unconfirmed',
      losing: 'at risk',
      forMs,
      sentence: `The hub does not confirm that ${countOf(subdevices.length, 'subdevice')} ${subdevices.length === 1 ? 'is' : 'are'} online: ${namesOf(subdevices)}. It may discard their uplinks.`,
      hint: 'The gateway announces them again every 5 min and after each connection; holdfast trace hub shows this. If the condition lasts, check the hub.',
    });
  }
  if (unconfiguredDevices.length > 0) {
    conditions.push({
      code: 'subdevice-not-configured',
      losing: 'no',
      forMs: nowMs - startedAtMs,
      sentence: `${countOf(unconfiguredDevices.length, 'subdevice')} bound at the hub and not configured: ${namesOf(unconfiguredDevices)}.`,
      hint: 'Add a [[subdevice]] for each, or run: holdfast hub unbind PRODUCT/DEVICE.',
    });
  }
  return conditions;
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX).join(', ');
  return names.length > NAMES_MAX ? `${shown}, …` : shown;
}
