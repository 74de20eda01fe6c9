import { describe, expect, it } from 'vitest';
import { newFacts } from '../../../../src/base/events.ts';
import type { Change } from '../../../../src/custody/change.ts';
import { eventInLine } from '../../../../src/history/history-events.ts';
import type { HistoryTail } from '../../../../src/history/history-requests.ts';
import { decodeSamples, MINUTE_MS, type MinuteSample } from '../../../../src/history/minute-samples.ts';
import type { GatewayView } from '../../../../src/ops/gateway-view.ts';
import { HistoryKeeper } from '../../../../src/ops/history/history-keeper.ts';
import { CommitBench } from '../../flow/flow-rig.ts';

const NOTHING: HistoryTail = { number: -1, samples: [], lastEvent: undefined, writtenBytes: 0, failure: undefined };
const EMPTY_QUEUE = { pending: 0, pendingBytes: 0, knownLanes: () => [], counts: () => undefined };

/** Keeper of a gateway without traffic, on the real committer. */
class KeeperBench extends CommitBench {
  readonly facts = newFacts();
  readonly keeper: HistoryKeeper;

  constructor(tail: Partial<HistoryTail> = {}, epoch = 1) {
    super();
    const { clock, facts } = this;
    const epochs = new Map([[epoch, { epoch, bootId: 'b', lastUpMs: 0, wallMinusUpMs: 5, sleptAtUpMs: undefined }]]);
    const gateway: Partial<GatewayView> = {
      clock,
      facts,
      store: { history: async () => ({ kind: 'tail', ...NOTHING, ...tail }) } as unknown as GatewayView['store'],
      uplinks: EMPTY_QUEUE as unknown as GatewayView['uplinks'],
      downlinks: EMPTY_QUEUE as unknown as GatewayView['downlinks'],
      outbox: { roundTrips: { takeMean: () => undefined } } as unknown as GatewayView['outbox'],
      links: { states: () => [] } as unknown as GatewayView['links'],
      intake: { tallies: () => [] },
      watch: { away: undefined } as GatewayView['watch'],
      wallClock: { epochs } as unknown as GatewayView['wallClock'],
      stamp: () => ({ epoch, upMs: clock.nowMs() }),
    };
    this.keeper = new HistoryKeeper({
      gateway: gateway as GatewayView,
      committer: this.committer,
      post: (task) => this.mailbox.post(task),
      configMark: () => 'mark',
      machine: () => ({ rssBytes: 1024, deviceBytes: null, temperatureC: null, isThrottled: null }),
      writtenBytes: () => 0,
    });
  }

  /** Starts the keeper, and waits for the answer of the store. */
  async start(): Promise<this> {
    this.keeper.start();
    await Promise.resolve();
    await Promise.resolve();
    return this;
  }

  minutes(count: number): void {
    for (let minute = 0; minute < count; minute += 1) this.clock.pass(MINUTE_MS);
  }

  /** Commits one message, with its receipt. */
  commitMessage(): void {
    this.enqueue(1, 0);
    this.receipt();
  }

  /** Blocks of all commits: number and minutes. */
  get blocks(): { number: number; minutes: number[] }[] {
    return this.store.commits.flatMap(({ changes }) =>
      changes.flatMap((change) =>
        change.kind === 'historySamples' ? { number: change.number, minutes: minutesIn(change.table) } : [],
      ),
    );
  }

  get events(): string[] {
    return this.store.commits.flatMap(({ changes }) => changes.flatMap(namesIn));
  }
}

function minutesIn(table: Uint8Array): number[] {
  const samples = decodeSamples(table);
  if (!samples.ok) throw new Error(samples.problem);
  return samples.value.map(({ minute }) => minute);
}

function namesIn(change: Change): string[] {
  return change.kind === 'historyEvents' ? change.lines.map((line) => eventInLine(line)?.name ?? line) : [];
}

const upTo = (end: number, from = 0) => Array.from({ length: end - from }, (_, index) => from + index);

describe('samples', () => {
  it('are written by a commit of their own after 60 min if nothing else is committed, and not before', async () => {
    const bench = await new KeeperBench().start();
    bench.minutes(59);
    expect(bench.store.commits).toEqual([]);
    bench.minutes(1);
    expect(bench.blocks).toEqual([{ number: 0, minutes: upTo(60) }]);
    bench.receipt();
    bench.minutes(59);
    expect(bench.store.commits).toHaveLength(1);
    bench.minutes(1);
    expect(bench.blocks[1]).toEqual({ number: 1, minutes: upTo(120, 60) });
  });

  it('join a commit that happens anyway from 55 min on, not earlier, and then start none', async () => {
    const bench = await new KeeperBench().start();
    bench.minutes(54);
    bench.commitMessage();
    expect(bench.blocks).toEqual([]);
    bench.minutes(1);
    bench.commitMessage();
    expect(bench.blocks).toEqual([{ number: 0, minutes: upTo(55) }]);
    bench.minutes(54);
    expect(bench.store.commits).toHaveLength(2);
  });

  it('start no commit for a day in which each hour has a commit at the right time', async () => {
    const bench = await new KeeperBench().start();
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      bench.minutes(1);
      if (minute % 5 === 0) bench.commitMessage();
    }
    expect(bench.store.commits.filter(({ changes }) => !changes.some(({ kind }) => kind === 'put'))).toEqual([]);
    expect(bench.blocks.length).toBeGreaterThanOrEqual(24);
    expect(bench.blocks.flatMap(({ minutes }) => minutes)).toEqual(
      upTo(bench.blocks.flatMap((one) => one.minutes).length),
    );
  });

  it('are in the store except for at most the last hour, at any minute', async () => {
    const bench = await new KeeperBench().start();
    let committed = 0;
    for (let minute = 1; minute <= 300; minute += 1) {
      bench.minutes(1);
      if (bench.store.commits.length > committed) bench.receipt();
      committed = bench.store.commits.length;
      const stored = bench.blocks.flatMap(({ minutes }) => minutes).length;
      expect(minute - stored).toBeLessThanOrEqual(60);
    }
  });

  it('are written at a stop, and the next process continues their block', async () => {
    const bench = await new KeeperBench().start();
    bench.minutes(10);
    bench.facts.emit('gatewayStopping', { reason: 'SIGTERM' });
    void bench.committer.drain();
    // the eleventh minute has begun one second ago
    expect(bench.blocks).toEqual([{ number: 0, minutes: upTo(11) }]);
    bench.receipt();
    expect(bench.store.commits).toHaveLength(1);
    const next = await new KeeperBench({ number: 0, samples: bench.keeper.open?.samples ?? [] }, 2).start();
    next.minutes(49);
    expect(next.blocks).toEqual([{ number: 0, minutes: [...upTo(11), ...upTo(49)] }]);
  });

  it('are written at a stop that comes while a commit for an event of an operator is being written', async () => {
    const bench = await new KeeperBench().start();
    bench.minutes(10);
    bench.facts.emit('operatorActed', { action: 'mark', subject: '', detail: 'x', by: 'root', isReadOnly: false });
    expect([bench.events, bench.blocks]).toEqual([['operatorActed'], []]);
    bench.facts.emit('gatewayStopping', { reason: 'SIGTERM' });
    void bench.committer.drain();
    bench.receipt();
    expect(bench.blocks).toEqual([{ number: 0, minutes: upTo(11) }]);
    expect(bench.events).toEqual(['operatorActed', 'gatewayStopping']);
    bench.receipt();
    expect(bench.store.commits).toHaveLength(2);
  });

  it('wait while the disk is full, at most two hours of them, and are not tried with each commit', async () => {
    const bench = await new KeeperBench().start();
    bench.minutes(60);
    bench.full();
    expect(bench.blocks).toHaveLength(1);
    bench.clock.pass(1000);
    bench.receipt(); // of the test whether there is room
    bench.minutes(5);
    bench.commitMessage();
    expect(bench.blocks).toHaveLength(1);
    bench.minutes(6);
    expect(bench.blocks[1]).toEqual({ number: 0, minutes: upTo(71) });
    for (let hour = 0; hour < 5; hour += 1) bench.minutes(60);
    expect(bench.keeper.open?.samples).toHaveLength(120);
  });
});

describe('events', () => {
  it('of a start join the next commit, and others wait for the samples', async () => {
    const bench = await new KeeperBench().start();
    bench.facts.emit('gatewayStarted', { recovered: 0 });
    bench.facts.emit('linkOpened', { link: 'a', path: '/dev/a' });
    expect(bench.store.commits).toEqual([]);
    bench.commitMessage();
    expect(bench.events).toEqual(['gatewayStarted']);
    bench.minutes(60);
    expect(bench.events).toEqual(['gatewayStarted', 'linkOpened']);
  });

  it('have the duration of the state that they end', async () => {
    const bench = await new KeeperBench().start();
    bench.facts.emit('hubConnected', { sessionPresent: true, backlog: 0 });
    bench.minutes(5);
    bench.facts.emit('hubLost', { reason: 'no PINGRESP' });
    bench.minutes(3);
    bench.facts.emit('hubConnected', { sessionPresent: true, backlog: 7 });
    expect(bench.keeper.pending.map(({ name, durationMs }) => [name, durationMs])).toEqual([
      ['hubConnected', null],
      ['hubLost', 5 * MINUTE_MS],
      ['hubConnected', 3 * MINUTE_MS],
    ]);
  });

  it('name an end without a stop and a changed configuration, and neither after an orderly stop', async () => {
    const sample: MinuteSample = { epoch: 1, minute: 3, offsetMs: null, configuration: 1, values: [] };
    const last = { name: 'linkOpened', kind: 'gateway', epoch: 1, upMs: 1000 } as HistoryTail['lastEvent'];
    const crashed = await new KeeperBench({ number: 0, samples: [sample], lastEvent: last }, 2).start();
    expect(crashed.keeper.pending.map(({ name }) => name)).toEqual([
      'configurationChanged',
      'lastSign',
      'gatewayEnded',
    ]);
    expect(crashed.keeper.pending[1]).toMatchObject({ epoch: 1, upMs: 4 * MINUTE_MS });
    const stopped = { ...last, name: 'gatewayStopping' } as HistoryTail['lastEvent'];
    const orderly = await new KeeperBench({ number: 0, samples: [], lastEvent: stopped }, 2).start();
    expect(orderly.keeper.pending).toEqual([]);
  });
});

describe('events of operators', () => {
  const act = (bench: KeeperBench, detail: string, isReadOnly = false) =>
    bench.facts.emit('operatorActed', { action: 'mark', subject: '', detail, by: 'root', isReadOnly });

  /** Returns an object that says whether the answer of a command was sent. */
  async function answerOf(bench: KeeperBench): Promise<{ isSent: boolean }> {
    const answer = { isSent: false };
    void bench.keeper.settled().then(() => {
      answer.isSent = true;
    });
    await turns();
    return answer;
  }
  const turns = () => new Promise((resolve) => setImmediate(resolve));

  it.each([
    ['operatorActed', { action: 'subdevices forget', subject: 'm', detail: '', by: 'root' }],
    ['configApplied', { keys: ['hub.host'], by: 'root' }],
    ['configConfirmed', { mark: 'm', how: 'by command', by: 'root' }],
    ['configRolledBack', { mark: 'm', reason: 'it was not confirmed' }],
    ['configurationChanged', { mark: 'm' }],
  ] as const)('%s starts a commit, and the answer waits for its receipt', async (name, fact) => {
    const bench = await new KeeperBench().start();
    bench.facts.emit(name, fact as never);
    expect(bench.events).toEqual([name]);
    const answer = await answerOf(bench);
    expect(answer.isSent).toBe(false);
    bench.receipt();
    await turns();
    expect(answer.isSent).toBe(true);
    expect(bench.store.commits).toHaveLength(1);
  });

  it('start none if the action changed nothing, and neither do events of the traffic', async () => {
    const bench = await new KeeperBench().start();
    act(bench, 'status', true);
    bench.facts.emit('linkOpened', { link: 'a', path: '/dev/a' });
    expect(bench.store.commits).toEqual([]);
    expect(await answerOf(bench)).toEqual({ isSent: true });
  });

  it('that happen during a commit are in the next one', async () => {
    const bench = await new KeeperBench().start();
    act(bench, 'first');
    act(bench, 'second');
    const answer = await answerOf(bench);
    bench.receipt();
    expect(bench.store.commits).toHaveLength(2);
    await turns();
    expect(answer.isSent).toBe(false);
    bench.receipt();
    await turns();
    expect(answer.isSent).toBe(true);
    expect(bench.events).toEqual(['operatorActed', 'operatorActed']);
  });

  it('start at most 20 commits in a row, then one a minute with all that wait', async () => {
    const bench = await new KeeperBench().start();
    for (let number = 0; number < 50; number += 1) {
      act(bench, `${number}`);
      if (bench.store.commits.length > number) bench.receipt();
    }
    expect(bench.store.commits).toHaveLength(20);
    expect(await answerOf(bench)).toEqual({ isSent: true }); // an answer waits for no minute
    bench.minutes(1);
    expect(bench.store.commits).toHaveLength(21);
    bench.receipt();
    expect(bench.keeper.pending).toEqual([]);
    bench.minutes(5);
    expect(bench.store.commits).toHaveLength(21);
  });

  it('wait while the disk is full, without their answers, and are written once there is room', async () => {
    const bench = await new KeeperBench().start();
    act(bench, 'first');
    const answer = await answerOf(bench);
    bench.full();
    act(bench, 'second');
    expect(await answerOf(bench)).toEqual({ isSent: true });
    bench.minutes(1);
    bench.receipt(); // of the test whether there is room
    await turns();
    expect(answer.isSent).toBe(true);
    bench.minutes(11);
    expect(bench.events).toEqual(['operatorActed', 'operatorActed', 'operatorActed']);
    bench.receipt();
    expect(bench.keeper.pending).toEqual([]);
  });

  it('before the store has answered are written once it has', async () => {
    const bench = new KeeperBench();
    act(bench, 'early');
    expect(bench.store.commits).toEqual([]);
    await bench.start();
    await turns();
    expect(bench.events).toEqual(['operatorActed']);
  });
});
