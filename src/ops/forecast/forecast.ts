/**
 * Forecast of an outage of the hub, from the rates of the last hour and of the last 24 h. Pure.
 *
 * The larger of both rates counts for an outage, so a forecast errs on the side of caution. Messages with QoS 0 do not
 * wait during an outage: the share of the messages that would wait, and their size, are those since the start.
 */
import { boundsReached, diskRoom, type FillLevel, type Room } from '../reports/outlook.ts';
import type {
  ForecastBasis,
  ForecastBound,
  ForecastReport,
  ForecastSpan,
  FullRule,
  OutageDrain,
  OutageFit,
} from './forecast-report.ts';

/** Inflow of the last hour or of the last 24 h, from samples of one minute. */
export interface Inflow {
  readonly span: ForecastSpan;
  readonly coveredMs: number;
  readonly uplinks: number;
  readonly downlinks: number;
}

export interface ForecastFacts {
  readonly inflows: readonly Inflow[];
  readonly outbox: FillLevel;
  /** Age of the oldest uplink, ms, and the age at which uplinks expire (0: never). */
  readonly oldestMs: number;
  readonly ageMsMax: number;
  readonly room: Room;
  /** Uplinks accepted since the start, those that were taken into custody, and their bytes. */
  readonly accepted: number;
  readonly taken: { readonly messages: number; readonly bytes: number };
  /** Rate limit of the hub, messages per second; `undefined`: none. */
  readonly limitPerS: number | undefined;
  /** Uplinks delivered in the fastest minute of the last 24 h, per second; 0: none. */
  readonly fastestPerS: number;
  readonly inboxes: readonly Inbox[];
  readonly inboxMax: number;
  /** Terms of the session at the hub; `undefined`: unknown (profile generic). */
  readonly hubTerms: { readonly keptMs: number; readonly storedMax: number } | undefined;
  /** Overflow rule of each link. */
  readonly links: readonly { readonly name: string; readonly overflow: string }[];
}

interface Inbox {
  readonly subdevice: string;
  readonly pending: number;
  /** Downlinks of the subdevice so far, of all starts: its share of the inflow. */
  readonly accepted: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Shortest covered time that counts as enough: a sixth of an hour, and a quarter of a day with its working hours. */
export const ENOUGH_MS: Readonly<Record<ForecastSpan, number>> = { hour: 10 * MINUTE_MS, day: 6 * HOUR_MS };
const SPANS: readonly ForecastSpan[] = ['hour', 'day'];

interface Rates {
  readonly messagesPerS: number;
  /** `null`: the size of the messages is unknown. */
  readonly bytesPerS: number | null;
  readonly downlinksPerS: number;
}

export function forecastOf(facts: ForecastFacts, outageMs: number): ForecastReport {
  const size = sizeOf(facts);
  const bases = SPANS.map((span) => basisOf(span, facts, size));
  const rates = new Map(
    bases.flatMap((basis) => (basis.isEnough ? [[basis.span, ratesOf(basis, facts)] as const] : [])),
  );
  const bounds = [...uplinkBounds(facts, rates), ...downlinkBounds(facts, rates)];
  const worst = worstOf([...rates.values()]);
  const seconds = outageMs / 1000;
  const backlog =
    worst === undefined
      ? null
      : {
          messages: Math.round(facts.outbox.messages + worst.messagesPerS * seconds),
          bytes: worst.bytesPerS === null ? null : Math.round(facts.outbox.bytes + worst.bytesPerS * seconds),
        };
  return {
    bases,
    bounds,
    outage: {
      ms: outageMs,
      uplinks: fitOf(bounds, 'uplinks', outageMs, rates.size > 0),
      downlinks: fitOf(bounds, 'downlinks', outageMs, rates.size > 0),
      backlog,
      drain: drainAfter(facts, backlog?.messages, worst),
    },
    whenFull: fullRules(facts),
  };
}

/** Share of the accepted uplinks that waits during an outage, and the mean size of a message. */
function sizeOf({ accepted, taken, outbox }: ForecastFacts): { readonly share: number; readonly bytes: number | null } {
  const share = accepted <= 0 ? 1 : Math.min(1, taken.messages / accepted);
  if (taken.messages > 0) return { share, bytes: taken.bytes / taken.messages };
  return { share, bytes: outbox.messages === 0 ? null : outbox.bytes / outbox.messages };
}

function basisOf(span: ForecastSpan, { inflows }: ForecastFacts, size: ReturnType<typeof sizeOf>): ForecastBasis {
  const inflow = inflows.find((one) => one.span === span);
  const { coveredMs = 0, uplinks = 0, downlinks = 0 } = inflow ?? {};
  const bytes = size.bytes === null ? null : Math.round(uplinks * size.share * size.bytes);
  return { span, coveredMs, isEnough: coveredMs >= ENOUGH_MS[span], uplinks, bytes, downlinks };
}

function ratesOf({ coveredMs, uplinks, bytes, downlinks }: ForecastBasis, facts: ForecastFacts): Rates {
  const seconds = coveredMs / 1000;
  return {
    messagesPerS: (uplinks * sizeOf(facts).share) / seconds,
    bytesPerS: bytes === null ? null : bytes / seconds,
    downlinksPerS: downlinks / seconds,
  };
}

/** Larger one of each rate. */
function worstOf(rates: readonly Rates[]): Rates | undefined {
  return rates.reduce<Rates | undefined>(
    (worst, one) =>
      worst === undefined
        ? one
        : {
            messagesPerS: Math.max(worst.messagesPerS, one.messagesPerS),
            bytesPerS:
              worst.bytesPerS === null || one.bytesPerS === null ? null : Math.max(worst.bytesPerS, one.bytesPerS),
            downlinksPerS: Math.max(worst.downlinksPerS, one.downlinksPerS),
          },
    undefined,
  );
}

type RatesBySpan = ReadonlyMap<ForecastSpan, Rates>;

function uplinkBounds({ outbox, room, ageMsMax, oldestMs }: ForecastFacts, rates: RatesBySpan): ForecastBound[] {
  const bound = (name: 'messages' | 'bytes' | 'disk', left: number | null): ForecastBound => ({
    bound: name,
    of: 'uplinks',
    subdevice: null,
    room: left === null ? null : Math.max(0, Math.floor(left)),
    unit: name === 'messages' ? 'messages' : 'bytes',
    inMs: bySpan(rates, ({ messagesPerS, bytesPerS }) => {
      const reached = boundsReached(outbox, { messagesPerS, bytesPerS: bytesPerS ?? 0 }, room);
      return reached.find((one) => one.bound === name)?.inMs ?? null;
    }),
  });
  const ageLeftMs = Math.max(0, ageMsMax - oldestMs);
  return [
    bound('messages', outbox.messagesMax - outbox.messages),
    bound('bytes', outbox.bytesMax === 0 ? null : outbox.bytesMax - outbox.bytes),
    bound('disk', diskRoom(room)),
    ...(ageMsMax === 0
      ? []
      : [
          {
            ...({ bound: 'age', of: 'uplinks', subdevice: null, room: ageLeftMs, unit: 'ms' } as const),
            inMs: bySpan(rates, () => ageLeftMs),
          },
        ]),
  ];
}

function downlinkBounds({ inboxes, inboxMax, hubTerms }: ForecastFacts, rates: RatesBySpan): ForecastBound[] {
  const total = inboxes.reduce((sum, { accepted }) => sum + accepted, 0);
  const left = ({ pending }: Inbox): number => Math.max(0, inboxMax - pending);
  const timeOf = (inbox: Inbox, perS: number): number | null => timeTo(left(inbox), (perS * inbox.accepted) / total);
  const fullest = inboxes.toSorted(
    (one, other) => (timeOf(one, 1) ?? Number.POSITIVE_INFINITY) - (timeOf(other, 1) ?? Number.POSITIVE_INFINITY),
  )[0];
  const bounds: ForecastBound[] = [];
  if (fullest !== undefined)
    bounds.push({
      bound: 'inbox',
      of: 'downlinks',
      subdevice: fullest.subdevice,
      room: left(fullest),
      unit: 'messages',
      inMs: bySpan(rates, ({ downlinksPerS }) => (total === 0 ? null : timeOf(fullest, downlinksPerS))),
    });
  if (hubTerms !== undefined) {
    const { keptMs, storedMax } = hubTerms;
    bounds.push(
      {
        bound: 'hub store',
        of: 'downlinks',
        subdevice: null,
        room: storedMax,
        unit: 'messages',
        inMs: bySpan(rates, ({ downlinksPerS }) => timeTo(storedMax, downlinksPerS)),
      },
      {
        bound: 'hub session',
        of: 'downlinks',
        subdevice: null,
        room: keptMs,
        unit: 'ms',
        inMs: bySpan(rates, () => keptMs),
      },
    );
  }
  return bounds;
}

function timeTo(room: number, perS: number): number | null {
  return perS > 0 ? (room / perS) * 1000 : null;
}

function bySpan(rates: RatesBySpan, timeOf: (rates: Rates) => number | null): ForecastBound['inMs'] {
  const at = (span: ForecastSpan): number | null => {
    const one = rates.get(span);
    return one === undefined ? null : timeOf(one);
  };
  return { hour: at('hour'), day: at('day') };
}

/** An inbox is not filled by an outage of the hub, only by the absence of its subdevice. */
function fitOf(bounds: readonly ForecastBound[], of: ForecastBound['of'], ms: number, isKnown: boolean): OutageFit {
  const times = bounds
    .filter((bound) => bound.of === of && bound.bound !== 'inbox')
    .flatMap(({ bound, inMs }) => SPANS.flatMap((span) => (inMs[span] === null ? [] : [{ bound, inMs: inMs[span] }])))
    .toSorted((one, other) => one.inMs - other.inMs);
  const [first] = times;
  if (!isKnown) return { fits: null, longestMs: null, first: null };
  if (first === undefined) return { fits: true, longestMs: null, first: null };
  return { fits: first.inMs >= ms, longestMs: Math.floor(first.inMs), first: first.bound };
}

function drainAfter(
  { limitPerS, fastestPerS }: ForecastFacts,
  messages: number | undefined,
  rates: Rates | undefined,
): OutageDrain {
  if (messages === undefined || rates === undefined)
    return { ms: null, basis: 'Unknown, because the rate is unknown.' };
  const perS = limitPerS ?? fastestPerS;
  const source = limitPerS === undefined ? 'the fastest minute of the last 24 h' : 'the limit of the hub';
  if (perS === 0)
    return { ms: null, basis: 'Unknown: the hub has no limit, and nothing was delivered in the last 24 h.' };
  if (messages === 0) return { ms: 0, basis: 'Nothing would wait.' };
  const netPerS = perS - rates.messagesPerS;
  if (netPerS <= 0) return { ms: null, basis: `Never: the inflow is as large as ${source}.` };
  return { ms: (messages / netPerS) * 1000, basis: `At ${source}, less the inflow.` };
}

const WHEN_FULL: Readonly<Record<string, string>> = {
  reject: 'subdevices are asked to send again later; nothing is shed',
  'drop-oldest': 'the oldest uplinks of the sending subdevice are shed',
  'drop-newest': 'new uplinks are shed',
  'keep-latest': 'an uplink is replaced by the next one on its topic',
};
const ORDER = ['keep-latest', 'drop-oldest', 'drop-newest', 'reject'];

function fullRules({ links, ageMsMax }: ForecastFacts): FullRule[] {
  const rules = ORDER.flatMap((overflow): FullRule[] => {
    const names = links.filter((link) => link.overflow === overflow).map(({ name }) => name);
    return names.length === 0 ? [] : [{ overflow, links: names, sentence: WHEN_FULL[overflow] ?? '' }];
  });
  if (ageMsMax === 0) return rules;
  return [{ overflow: 'age', links: [], sentence: 'uplinks expire at the age of outbox.age_hours_max' }, ...rules];
}
