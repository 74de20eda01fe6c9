/**
 * How the demonstration ended: the one JSON object, and whether it went well.
 *
 * `accepted`, `delivered`, `lost`, `reordered`, `duplicates` and the downlinks are what the subdevices and the hub's
 * application side saw; the gateway's counters play no part in them. `pending`, `shed` and `deadLettered` are what the
 * gateway's ledger says. The two have to agree that nothing is missing.
 */
import type { LedgerReport, LedgerSum } from '../../ops/reports/ledger-report.ts';
import { type AccountSum, type StreamAccount, sumAccounts } from '../account.ts';
import type { Plan } from './demo-plan.ts';
import type { StoryFacts } from './story.ts';
import type { Watch } from './watch.ts';

export interface DemoOutcome {
  readonly ok: boolean;
  /** Why it could not be told to its end, as a sentence; `null`: it was. */
  readonly failure: string | null;
  /** Readings: acknowledged to a subdevice; different ones that reached the application behind the hub. */
  readonly accepted: number;
  readonly delivered: number;
  /** Both directions; `null`: the gateway could not be asked. */
  readonly pending: number | null;
  readonly shed: number | null;
  readonly deadLettered: number | null;
  /** Both directions: acknowledged to whoever sent it, and never arrived. */
  readonly lost: number;
  /** Both directions, within one subdevice: a first arrival behind a later one; arrivals of what was there already. */
  readonly reordered: number;
  readonly duplicates: number;
  /** Commands: taken by the hub from its application; different ones that reached their subdevice. */
  readonly downlinksAccepted: number;
  readonly downlinksDelivered: number;
  /** The same in full. */
  readonly seen: { readonly uplink: AccountSum; readonly downlink: AccountSum };
  readonly ledgerBalances: boolean | null;
  readonly ledger: LedgerReport['totals'] | null;
  readonly gatewayKills: number;
  readonly sessionPresent: boolean | null;
  readonly backlogMax: number;
  readonly hubAwayMs: number;
  readonly replayMs: number;
  /** `null`: the kernel does not say. */
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
