/** Parts of the gateway that a change restarts: which of them worked before, and which work again. */
import type { Config } from '../config/schema.ts';
import type { LinkStateView } from '../flow/links.ts';
import type { SavedTrial } from '../io/saved-config.ts';
import type { Gateway } from './gateway.ts';
import type { ChangedParts } from './reconfigure.ts';

/** Largest number of removed parts in a sentence. */
const NAMED_MAX = 4;

export interface ChangeHealth {
  /** Parts that worked before and do not work again, as a predicate; `undefined`: none. */
  readonly missing: string | undefined;
  /** True if every part is known to work again. A link without a byte since its start is not known to. */
  readonly isProven: boolean;
}

/** Parts that work now and restart. A polled link works if a unit has answered. */
export function workingParts({ hub, links }: Gateway, changed: ChangedParts): SavedTrial['worked'] {
  return {
    hub: changed.hub && hub.isUp,
    links: links
      .states()
      .filter(({ plan }) => changed.links.has(plan.name) && worksNow(plan))
      .map(({ plan }) => plan.name),
  };
}

function worksNow({ machine }: LinkStateView['plan']): boolean {
  return machine.state === 'open' && (!machine.isPolled || machine.counters.framesIn > 0);
}

/** Links that work and subdevices that are connected, and that a new configuration does not have; as a text. */
export function workingRemovals({ config, links, stations }: Gateway, next: Config): string | undefined {
  const linksLeft = new Set(next.links.map(({ name }) => name));
  const subdevicesLeft = new Set(next.subdevices.map(({ id }) => id));
  const removed = [
    ...links
      .states()
      .filter(({ plan }) => !linksLeft.has(plan.name) && worksNow(plan))
      .map(({ plan }) => `link ${plan.name}, which works`),
    ...config.subdevices
      .filter(({ id }) => !subdevicesLeft.has(id) && stations.registry.byId(id)?.isAttached === true)
      .map(({ id }) => `subdevice ${id}, which is connected`),
  ];
  const more = removed.length > NAMED_MAX ? `; and ${removed.length - NAMED_MAX} more` : '';
  return removed.length === 0 ? undefined : `${removed.slice(0, NAMED_MAX).join('; ')}${more}`;
}

/** @param worked parts that worked before the change */
export function changeHealth({ hub, links, config }: Gateway, worked: SavedTrial['worked']): ChangeHealth {
  const configured = new Set(config.links.map(({ name }) => name));
  const expected = worked.links.filter((name) => configured.has(name));
  const states = links.states().filter(({ plan }) => expected.includes(plan.name));
  const found = states.map(({ plan, lastProblem }) => ({ name: plan.name, lastProblem, word: linkWord(plan) }));
  const bad = found.filter(({ word }) => word === 'bad');
  const missing = [
    ...(worked.hub && !hub.isUp ? [hubWords(hub.status.problem)] : []),
    ...bad.map(({ name, lastProblem }) => `link ${name} does not work again${because(lastProblem)}`),
  ];
  const isProven = missing.length === 0 && found.every(({ word }) => word === 'good');
  return { missing: missing.length === 0 ? undefined : missing.join('; '), isProven };
}

function hubWords(problem: string | undefined): string {
  return `the hub is not connected again${because(problem)}`;
}

function because(problem: string | undefined): string {
  return problem === undefined ? '' : ` (${problem})`;
}

/** `bad`: closed, or bytes without a valid frame, or a polled link without an answer; `silent`: no byte yet. */
function linkWord({ machine }: LinkStateView['plan']): 'good' | 'silent' | 'bad' {
  if (machine.state !== 'open') return 'bad';
  const { framesIn, bytesIn } = machine.counters;
  if (framesIn > 0) return 'good';
  return bytesIn > 0 || machine.isPolled ? 'bad' : 'silent';
}
