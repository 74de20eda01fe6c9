/** Every reason of `holdfast explain` is produced here by the state that it names, and docs/explain.md lists it. */

import { describe, expect, it } from 'vitest';
import { NO_COUNTS } from '../../../../src/base/link-counters.ts';
import { EarlierSendings } from '../../../../src/custody/earlier-sendings.ts';
import { alarmLaneOf } from '../../../../src/custody/lane-number.ts';
import type { ConditionCode } from '../../../../src/ops/conditions/catalogue.ts';
import { downlinkReasons } from '../../../../src/ops/explain/explain-downlink.ts';
import { explainHub, type HubSituation } from '../../../../src/ops/explain/explain-hub.ts';
import { linkReasons } from '../../../../src/ops/explain/explain-link.ts';
import { explainMessage, holdReasons } from '../../../../src/ops/explain/explain-message.ts';
import type { Reason } from '../../../../src/ops/explain/explain-report.ts';
import { type SubdeviceSituation, subdeviceReasons } from '../../../../src/ops/explain/explain-subdevice.ts';
import { uplinkReasons } from '../../../../src/ops/explain/explain-uplink.ts';
import { REASONS, type ReasonCode, renderReasonsPage } from '../../../../src/ops/explain/reasons.ts';
import type { GatewayView } from '../../../../src/ops/gateway-view.ts';
import type { HubReport } from '../../../../src/ops/reports/hub-report.ts';
import type { DiscardReport } from '../../../../src/ops/reports/intake-report.ts';
import { type LinkReport, RESTING } from '../../../../src/ops/reports/link-report.ts';
import type { SubdeviceReport } from '../../../../src/ops/reports/report.ts';
import { judge } from '../../../../src/ops/verdict.ts';
import { Inbox } from '../../../../src/subdevices/inbox.ts';
import { BenchDisk, custodianOn, STAMP, uplink } from '../../custody/custody-rig.ts';
import { OutboxBench } from '../../outbox/outbox-rig.ts';
import { AWAY } from '../api/control-rig.ts';

const EMPTY_PAGE = { rows: [], damaged: [], scannedTo: 0, atEnd: true };

/** View of an outbox; `page`: answer of the store. */
function viewOfOutbox(bench: OutboxBench, backlog: object = { pause: null, rate: null }, page: object = EMPTY_PAGE) {
  return {
    outbox: bench.outbox,
    uplinks: bench.custodian,
    custodian: () => bench.custodian,
    store: { page: async () => page },
    registry: { byLane: () => undefined },
    watch: { away: { ms: 60_000, quality: 'exact' } },
    hub: { client: { nextAttemptAtMs: bench.nowMs + 4000 } },
    clock: { nowMs: () => bench.nowMs },
    backlog: { state: backlog },
  } as unknown as GatewayView;
}

/** Reasons of a message of an outbox. @param seq its number */
function ofUplink(bench: OutboxBench, seq: number, backlog?: object): Reason[] {
  const lane = [...bench.custodian.lanes()].find((one) => one.entryOf(seq) !== undefined);
  if (lane === undefined) throw new Error(`no message ${seq}`);
  const entry = lane.entryOf(seq);
  const waiting = { lane: lane.lane, entry, before: lane.before(seq), othersBefore: 0 };
  return uplinkReasons(viewOfOutbox(bench, backlog), waiting);
}

/** The hub has closed the connection while only message 1 was unanswered. */
function withSuspect(...topics: string[]): OutboxBench {
  const bench = new OutboxBench().fill(...topics).connect();
  for (let close = 0; close < 2; close += 1) {
    bench.nowMs += 10;
    bench.outbox.poison.onReceived(bench.nowMs);
    bench.nowMs += 600_000;
    bench.send();
    bench.nowMs += 20;
    bench.disconnect(true);
    bench.connect();
  }
  return bench;
}

/** Five messages of one topic in a row became dead letters, because the hub closed the connection on each. */
function withTopicAside(): OutboxBench {
  const bench = new OutboxBench({ attemptsMax: 1 }).fill('p', 'p', 'p', 'p', 'p', 'p', 'p');
  for (let close = 0; close < 30 && bench.outbox.poison.evidence()[0]?.state !== 'set aside'; close += 1) {
    bench.connect();
    bench.nowMs += 10;
    bench.outbox.poison.onReceived(bench.nowMs);
    bench.nowMs = bench.outbox.poison.wakeAtMs(bench.nowMs) ?? bench.nowMs;
    bench.send();
    bench.nowMs += 20;
    bench.disconnect(true);
  }
  return bench.connect();
}

/** The hub acknowledges nothing on a topic, and its slots are taken. */
function withRefusedTopic(): OutboxBench {
  const bench = new OutboxBench({ attemptsMax: 1, inFlightMax: 2 }).fill('t', 't', 't', 't').connect();
  bench.send();
  bench.nowMs += 20_000;
  bench.outbox.giveUp(bench.nowMs);
  bench.fill('t', 't', 't');
  bench.send();
  return bench;
}

const DELIVERY = { nowMs: 1000, inbox: undefined as unknown as Inbox };

/** Inbox of lane 1 with two downlinks, changed by `act`. @returns reasons of message `seq` */
function ofDownlink(seq: number, act: (inbox: Inbox) => void, isHeld = false): Reason[] {
  const disk = new BenchDisk();
  const custodian = custodianOn(disk, { windowMax: 64, nextSeq: 1 });
  const limits = { messagesMax: 150, overflow: 'drop-oldest', replayIntervalMs: 500, holdMs: 0, commitMs: 0 } as const;
  const inbox = new Inbox(limits, custodian, new EarlierSendings(1, 100));
  const from = { stamp: STAMP, ackWaiter: { safe: () => undefined }, nowMs: 0 };
  for (const topic of ['a', 'b']) inbox.admit(1, uplink(topic), from);
  act(inbox);
  const lane = custodian.lane(1);
  const gateway = {
    inbox,
    clock: { nowMs: () => DELIVERY.nowMs },
    links: { states: () => [] },
    owner: { isHeld },
  } as unknown as GatewayView;
  const waiting = { lane: 1, seq, entry: lane.entryOf(seq), before: lane.before(seq), subdevice: undefined };
  return downlinkReasons(gateway, waiting);
}

const LINK: LinkReport = {
  ...RESTING,
  ...{ name: 'line', path: '/dev/ttyUSB0', driver: 'mqttsn', state: 'open', forMs: 60_000 },
  counters: { ...NO_COUNTS, bytesIn: 100, framesIn: 10 },
};
const ofLink = (change: Partial<LinkReport>): Reason[] => linkReasons({ ...LINK, ...change });

const SUBDEVICE: SubdeviceReport = {
  ...{ id: 'pump', link: 'line', attached: false, lostInMs: null, lasting: true, configured: true, silentMs: 5000 },
  ...{
    profile: null,
    hubIdentity: null,
    onlineAtHub: null,
    binding: null,
    refused: [],
    identity: null,
    subscriptions: ['gw/pump/cmd'],
  },
  ...{ uplinksPending: 0, downlinksPending: 0, uplinksAccepted: 0, downlinksDelivered: 0 },
};

function ofSubdevice(change: Partial<SubdeviceReport>, situation: Partial<SubdeviceSituation> = {}): Reason[] {
  return subdeviceReasons({
    subdevice: { ...SUBDEVICE, ...change },
    homes: [LINK],
    seenOn: undefined,
    hasDisconnected: false,
    unansweredMs: undefined,
    unbound: undefined,
    oldest: [],
    loss: undefined,
    rejectedFilters: [],
    firmware: undefined,
    ...situation,
  });
}

function ofHub(change: Partial<HubReport>, situation: Partial<HubSituation> = {}): readonly Reason[] {
  const status = judge({ ...AWAY, hub: { ...AWAY.hub, ...change } });
  return explainHub({
    ...{ status, refusal: undefined, doubtedTopics: [], heldPackets: [], limitPerS: 28.5 },
    ...situation,
  }).reasons;
}

const FAILED_READOUT: DiscardReport = {
  ...{
    link: 'line',
    subdevice: 'pump',
    reason: 'unit silent',
    direction: null,
    count: 1,
    recent: 1,
    forMs: 9,
    lastMs: 9,
  },
  ...{ lasts: true, share: 1, sample: 'read-out grid: its data block ended after 40 bytes', size: null },
};
const minute = (rates: { readonly framesIn: number; readonly broken: number }) => [
  { overS: 60, bytesIn: 1, bytesOut: 0, framesOut: 0, ...rates },
];
const silentFor = (overS: number) => [{ overS, bytesIn: 0, bytesOut: 0, framesIn: 0, framesOut: 0, broken: 0 }];

function statusWith(code: ConditionCode, hub: Partial<HubReport> = CONNECTED) {
  const condition = {
    code,
    losing: 'no',
    forMs: 0,
    sentence: 'An operator has paused the backlog.',
    hint: null,
  } as const;
  return judge({ ...AWAY, hub: { ...AWAY.hub, ...hub }, conditions: [condition] });
}

const CONNECTED = { state: 'connected' } as const;
const PAUSED = { pause: { perS: 0, sinceMs: 0, leftMs: 60_000 }, rate: null };
const SLOWED = { pause: null, rate: { perS: 1, sinceMs: 0, leftMs: 60_000 } };

/** State that produces each reason. The types demand one for each code. */
const STATES: Readonly<Record<ReasonCode, () => readonly Reason[] | Promise<readonly Reason[]>>> = {
  'goes-next': () => ofUplink(new OutboxBench().fill('t').connect(), 1),
  'behind-others': () => ofUplink(new OutboxBench().fill('t', 't').connect(), 2),
  'not-in-custody': async () => {
    const gateway = viewOfOutbox(new OutboxBench().fill('t'));
    const named = { direction: 'uplink', subdevice: 1, seq: 9 } as const;
    return (await explainMessage({ gateway, laneRatePerS: () => 0 }, named)).reasons;
  },
  'on-hold': () => {
    const { custodian } = new OutboxBench().fill('t');
    custodian.setHolds([{ direction: 'uplink', subdevice: 1, filter: 't', since: STAMP }], 0);
    return holdReasons(custodian.lane(1), 't', undefined) ?? [];
  },
  'damaged-on-disk': async () => {
    const bench = new OutboxBench();
    for (let count = 0; count < 40; count += 1) bench.fill('t');
    const page = { ...EMPTY_PAGE, damaged: [{ seq: 30, lane: 1, bytes: 1 }] };
    const gateway = viewOfOutbox(bench, undefined, page);
    return (await explainMessage({ gateway, laneRatePerS: () => 0 }, { direction: 'uplink', subdevice: 1, seq: 30 }))
      .reasons;
  },
  'hub-away': () => ofUplink(new OutboxBench().fill('t'), 1),
  'puback-due': () => {
    const bench = new OutboxBench().fill('t').connect();
    bench.send();
    return ofUplink(bench, 1);
  },
  'subdevice-unbound': () => {
    const bench = new OutboxBench().fill('t').connect();
    bench.outbox.setHalted(1, true);
    return ofUplink(bench, 1);
  },
  'subdevice-unconfirmed': () => {
    const permission = { mayPublish: () => false, isReady: () => false };
    return ofUplink(new OutboxBench({}, undefined, undefined, permission).fill('t').connect(), 1);
  },
  'topic-without-puback': () => {
    const bench = new OutboxBench({ inFlightMax: 1 }).fill('t', 't').connect();
    bench.send();
    bench.nowMs += 20_000;
    bench.outbox.giveUp(bench.nowMs);
    return ofUplink(bench, 2);
  },
  'topic-slots-taken': () => {
    const bench = withRefusedTopic();
    const waiting = bench.custodian.lane(1).window.find(({ inFlight }) => !inFlight);
    return ofUplink(bench, waiting?.row.seq ?? 0);
  },
  'topic-set-aside': () => {
    const bench = withTopicAside();
    return ofUplink(bench, bench.custodian.lane(1).window[0]?.row.seq ?? 0);
  },
  suspect: () => ofUplink(withSuspect('p', 'p'), 1),
  'behind-suspect': () => ofUplink(withSuspect('p', 'p'), 2),
  'sent-alone': () => {
    const bench = new OutboxBench().fill('a', 'b', 'c').connect();
    bench.send();
    bench.disconnect(true); // all three are doubted
    return ofUplink(bench.connect(), 1);
  },
  'window-full': () => {
    const bench = new OutboxBench({ inFlightMax: 1 }).fill('a').connect();
    bench.send();
    bench.offer('b', { lane: 2 });
    return ofUplink(bench, 2);
  },
  'packet-identifier-in-use': () => {
    const bench = new OutboxBench({ inFlightMax: 9 }).fill('a').connect();
    bench.send();
    for (let seq = 2; seq <= 60_000; seq += 1) bench.custodian.countOnly(1, { as: 'delivered' });
    const [first] = bench.custodian.lane(1).window;
    if (first === undefined) throw new Error('no message');
    const twin = { ...first, inFlight: false, row: { ...first.row, seq: first.row.seq + 60_000 } };
    const waiting = { lane: 1, entry: twin, before: { min: 0, max: 0 }, othersBefore: 0 };
    return uplinkReasons(viewOfOutbox(bench), waiting);
  },
  'backlog-paused': () => {
    const bench = new OutboxBench().fill('t').connect();
    bench.outbox.setBacklogPace({ isPaused: true, perS: undefined });
    return ofUplink(bench, 1, PAUSED);
  },
  'backlog-limited': () => {
    const bench = new OutboxBench().fill('t', 't').connect();
    bench.outbox.setBacklogPace({ isPaused: false, perS: 1 });
    bench.send();
    return ofUplink(bench, 2, SLOWED);
  },
  paced: () => {
    const bench = new OutboxBench({ messagesPerS: 1 }).fill('a').connect();
    bench.send();
    bench.offer('b', { lane: alarmLaneOf(2) });
    return ofUplink(bench, 2);
  },
  'copy-not-adopted': () => ofDownlink(1, (inbox) => inbox.attached(1, 0), true),
  'subdevice-away': () => ofDownlink(1, () => undefined),
  'subdevice-asleep': () =>
    ofDownlink(1, (inbox) => {
      inbox.attached(1, 0);
      inbox.slept(1);
    }),
  'next-waking': () =>
    ofDownlink(3, (inbox) => {
      inbox.attached(1, 0);
      inbox.slept(1);
      inbox.woke(1);
      inbox.admit(1, uplink('c'), { stamp: STAMP, ackWaiter: { safe: () => undefined }, nowMs: 0 });
    }),
  'acknowledgement-due': () =>
    ofDownlink(1, (inbox) => {
      inbox.attached(1, 0);
      inbox.next(1, 0);
    }),
  'delivery-pause': () => ofDownlink(1, (inbox) => inbox.attached(1, DELIVERY.nowMs + 300)),
  'session-ended': () => ofDownlink(1, (inbox) => Object.assign(inbox.deliveryOf(1) ?? {}, { discardTo: 1 })),
  'is-connected': () => ofSubdevice({ attached: true }),
  'uplinks-wait': () => ofSubdevice({ attached: true, uplinksPending: 37 }, { oldest: ['d1-1', 'u1-9'] }),
  'data-is-lost': () => ofSubdevice({ attached: true }, { loss: 'The disk is full: 106 uplinks lost.' }),
  'is-asleep': () => ofSubdevice({ attached: true, lostInMs: 5000 }),
  'never-seen': () => ofSubdevice({ link: null, silentMs: null }),
  'link-not-open': () => ofSubdevice({}, { homes: [{ ...LINK, state: 'opening' }] }),
  'wrong-protocol': () => ofSubdevice({}, { homes: [{ ...LINK, looksLike: 'Modbus RTU frames' }] }),
  'on-other-link': () => ofSubdevice({}, { seenOn: 'other' }),
  'sent-disconnect': () => ofSubdevice({}, { hasDisconnected: true }),
  'does-not-answer': () => ofSubdevice({ attached: true }, { unansweredMs: 7000 }),
  'unit-does-not-answer': () =>
    ofSubdevice({ attached: true }, { unansweredMs: 7000, homes: [{ ...LINK, protocol: 'mbap' }] }),
  'readout-fails': () => ofSubdevice({}, { unansweredMs: 7000, homes: [{ ...LINK, discarded: [FAILED_READOUT] }] }),
  'went-silent': () => ofSubdevice({}),
  'not-bound': () => ofSubdevice({}, { unbound: 'another gateway has bound it' }),
  'not-configured': () => ofSubdevice({ configured: false }),
  'filter-rejected': () =>
    ofSubdevice({ attached: true }, { rejectedFilters: [{ filter: 'gw/pump/cmd', reason: 'no permission' }] }),
  'is-open': () => ofLink({}),
  'port-absent': () => ofLink({ state: 'waiting to reopen', waits: 'absent' }),
  'port-ambiguous': () => ofLink({ state: 'opening', waits: 'ambiguous' }),
  'port-shared': () => ofLink({ state: 'opening', waits: 'shared' }),
  'port-fails': () => ofLink({ state: 'waiting to reopen', lastProblem: 'permission denied' }),
  'link-stopped': () => ofLink({ state: 'stopped' }),
  'nothing-received': () => ofLink({ counters: NO_COUNTS }),
  'server-sends-nothing': () => ofLink({ counters: NO_COUNTS, protocol: 'mbap' }),
  'other-protocol': () => ofLink({ looksLike: 'text lines' }),
  'many-broken-frames': () => ofLink({ rates: minute({ framesIn: 18, broken: 1 }) }),
  'many-invalid-answers': () => ofLink({ protocol: 'mbap', rates: minute({ framesIn: 18, broken: 1 }) }),
  'nothing-readable': () => ofLink({ rates: minute({ framesIn: 0, broken: 0 }) }),
  'devices-do-not-answer': () => ofLink({ polled: true, missing: [{ subdevice: 'm1', hasSent: false, forMs: 5000 }] }),
  'recovery-failed': () =>
    ofLink({ recovery: { ...RESTING.recovery, failures: 1, failure: { trouble: 'noise', forMs: 5000 } } }),
  'link-silent': () => ofLink({ rates: silentFor(60) }),
  'hub-connected': () => ofHub(CONNECTED),
  'limited-by-operator': () => ofHub(CONNECTED, { status: statusWith('backlog-paused') }),
  'store-is-copy': () => ofHub({ state: 'stopped' }, { status: statusWith('cloned-store', { state: 'stopped' }) }),
  'hub-stopped': () => ofHub({ state: 'stopped' }),
  'hub-connecting': () => ofHub({ state: 'connecting' }),
  'hub-waits': () => ofHub({}),
  'hub-rejects': () => ofHub({}, { refusal: { reason: 'not authorised' } }),
  'hub-taken-over': () => ofHub({ takeovers: 4 }),
  'password-not-renewed': () => ofHub(CONNECTED, { status: statusWith('hub-password-renewal') }),
  'earlier-files-in-use': () => ofHub(CONNECTED, { status: statusWith('tls-files') }),
  'pubacks-missing': () => ofHub(CONNECTED, { doubtedTopics: ['gw/a/t'] }),
  'packets-held-back': () => ofHub(CONNECTED, { heldPackets: ['PUBLISH on gw/a/t'] }),
  'rate-limit-used': () => {
    const outbox = { ...AWAY.outbox, messages: 600, ratePerS: 28 };
    const status = judge({ ...AWAY, hub: { ...AWAY.hub, ...CONNECTED }, outbox });
    return ofHub(CONNECTED, { status });
  },
};

describe('the reason', () => {
  it.each(Object.keys(STATES) as ReasonCode[])('%s has a state that produces it', async (code) => {
    const reasons = await STATES[code]();
    const reason = reasons.find((one) => one.code === code);
    expect(reasons.map((one) => one.code)).toContain(code);
    expect(reason?.sentence).toMatch(/^[A-Z\d`].*\.$/);
    expect(reason?.sentence).not.toMatch(/undefined|NaN|null/);
    expect(reason?.remedy).toBe(REASONS[code].remedy);
  });

  it('of a message without an obstacle is not one of the obstacles', () => {
    expect(ofUplink(new OutboxBench().fill('t').connect(), 1).map(({ code }) => code)).toEqual(['goes-next']);
    expect(ofDownlink(1, (inbox) => inbox.attached(1, 0)).map(({ code }) => code)).toEqual(['goes-next']);
  });

  it('never says that messages pass while they wait, are lost or are limited by an operator', () => {
    const codes = (reasons: readonly Reason[]) => reasons.map(({ code }) => code);
    expect(codes(ofSubdevice({ attached: true, uplinksPending: 1 }))).toEqual(['uplinks-wait']);
    expect(codes(ofSubdevice({ attached: true }, { loss: 'Lost.' }))).toEqual(['data-is-lost']);
    for (const code of ['backlog-paused', 'backlog-slowed', 'on-hold'] as const)
      expect(codes(ofHub(CONNECTED, { status: statusWith(code) }))).toEqual(['limited-by-operator']);
  });

  it('names the oldest uplink of a subdevice, and not its oldest downlink', () => {
    const [reason] = ofSubdevice({ attached: true, uplinksPending: 37 }, { oldest: ['d1-1', 'u1-9'] });
    expect(reason?.sentence).toBe('37 uplinks in custody for the hub; holdfast explain u1-9 says why.');
  });

  it('of an uplink lists the pause and the rate of an operator beside the absence of the hub', () => {
    const bench = new OutboxBench().fill('t');
    expect(ofUplink(bench, 1, PAUSED).map(({ code }) => code)).toEqual(['hub-away', 'backlog-paused']);
    expect(ofUplink(bench, 1, SLOWED).map(({ code }) => code)).toEqual(['hub-away', 'backlog-limited']);
  });
});

it('docs/explain.md is the page of the table', async () => {
  await expect(renderReasonsPage()).toMatchFileSnapshot('../../../../docs/explain.md');
});
