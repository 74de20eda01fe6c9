/**
 * Outcome of the demonstration: the JSON object, and whether the demonstration succeeded.
 *
 * `accepted`, `delivered`, `lost`, `reordered`, `duplicates` and the downlinks are the counts of the subdevices and of
 * the hub's application side, independent of the gateway's counters. `pending`, `shed` and `deadLettered` come from the
 * gateway's ledger. Both must agree that no message is missing.
 */
import type { LedgerReport, LedgerSum } from '../../ops/reports/ledger-report.ts';
import { type AccountSum, type StreamAccount, sumAccounts } from '../account.ts';
import type { Plan } from './demo-plan.ts';
import type { StoryFacts } from './story.ts';
import type { Watch } from './watch.ts';

export interface DemoOutcome {
  readonly ok: boolean;
  /** Reason why the demonstration did not finish, as a sentence. `null`: it finished. */
  readonly failure: string | null;
  /**
   * Readings. `accepted`: number acknowledged to a subdevice. `delivered`: number of different readings that reached
   * the application behind the hub.
   */
  readonly accepted: number;
  readonly delivered: number;
  /** Messages of both directions, from the gateway's ledger. `null`: the gateway did not answer. */
  readonly pending: number | null;
  readonly shed: number | null;
  readonly deadLettered: number | null;
  /** Messages of both directions that were acknowledged to the sender and never arrived. */
  readonly lost: number;
  /**
   * Messages of both directions, counted within one subdevice. `reordered`: first arrivals after a later message.
   * `duplicates`: repeated arrivals.
   */
  readonly reordered: number;
  readonly duplicates: number;
  /**
   * Commands. `downlinksAccepted`: number that the hub accepted from its application. `downlinksDelivered`: number of
   * different commands that reached their subdevice.
   */
  readonly downlinksAccepted: number;
  readonly downlinksDelivered: number;
  /** All counts of both ends, by direction. */
  readonly seen: { readonly uplink: AccountSum; readonly downlink: AccountSum };
  readonly ledgerBalances: boolean | null;
  readonly ledger: LedgerReport['totals'] | null;
  readonly gatewayKills: number;
  readonly sessionPresent: boolean | null;
  readonly backlogMax: number;
  readonly hubAwayMs: number;
  readonly replayMs: number;
  /** Bytes written to the flash in act 1. `null`: the kernel does not report the number. */
  readonly steadyFlashBytes: number | null;
  readonly steadyReadings: number;
  readonly steadyMs: number;
  readonly awayFlashBytes: number | null;
  readonly messagesPerS: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface DemoEnding {
  readonly subdevices: readonly { readonly uplinks: StreamAccount; readonly downlinks: StreamAccount }[];
  readonly plan: Plan;
  readonly watch: Pick<Watch, 'kills' | 'sessionPresent' | 'backlogMax' | 'flash'>;
  readonly facts: StoryFacts;
  readonly failure: string | null;
}

export function outcomeOf({ subdevices, plan, watch, facts, failure }: DemoEnding): DemoOutcome {
  const up = sumAccounts(subdevices.map(({ uplinks }) => uplinks));
  const down = sumAccounts(subdevices.map(({ downlinks }) => downlinks));
  const ledger = facts.ledger;
  const lost = up.missing + down.missing;
  const reordered = up.reordered + down.reordered;
  const both = (count: (sum: LedgerSum) => number): number | null =>
    ledger === undefined ? null : count(ledger.totals.uplink) + count(ledger.totals.downlink);
  return {
    ok: failure === null && lost === 0 && reordered === 0 && ledger?.balances === true,
    failure,
    accepted: up.acknowledged,
    delivered: up.delivered,
    pending: both((sum) => sum.pending),
    shed: both((sum) => Object.values(sum.shed).reduce((total, count) => total + count, 0)),
    deadLettered: both((sum) => sum.dead),
    lost,
    reordered,
    duplicates: up.duplicates + down.duplicates,
    downlinksAccepted: down.acknowledged,
    downlinksDelivered: down.delivered,
    seen: { uplink: up, downlink: down },
    ledgerBalances: ledger?.balances ?? null,
    ledger: ledger?.totals ?? null,
    gatewayKills: watch.kills,
    sessionPresent: watch.sessionPresent ?? null,
    backlogMax: watch.backlogMax,
    hubAwayMs: Math.round(facts.awayMs),
    replayMs: Math.round(facts.replayMs),
    steadyFlashBytes: watch.flash.bytesIn('steady'),
    steadyReadings: facts.steady.readings,
    steadyMs: Math.round(facts.steady.ms),
    awayFlashBytes: watch.flash.bytesIn('away'),
    messagesPerS: plan.messagesPerS,
    seconds: plan.seconds,
    seed: plan.seed,
  };
}
