/** Renewal of the password: what it waits for, for how long, and what happens if there is no other password. */
import { describe, expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import { PasswordRenewal } from '../../../src/flow/password-renewal.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { StepClock } from './flow-rig.ts';

const AFTER_MS = 100_000;
const SETTLE_MS_MAX = 5000;
const QUIET_MS_MAX = 3000;

class RenewalBench {
  readonly clock = new StepClock();
  readonly acts: string[] = [];
  unanswered = 0;
  unacknowledged = 0;
  problem: string | undefined;
  obtainedAtMs: number | undefined;
  draw = 0;
  readonly counts = { attempts: 0, failures: 0 };
  readonly renewal: PasswordRenewal;

  constructor() {
    const facts = newFacts();
    const mailbox = new Mailbox((error) => {
      throw error;
    });
    const act = (name: string) => (): void => {
      this.acts.push(name);
    };
    facts.on('passwordRenewed', ({ ms, unsettled }) =>
      this.acts.push(`renewed after ${ms} ms, ${unsettled} unsettled`),
    );
    facts.on('passwordJudged', ({ problem }) => this.acts.push(`judged: ${problem}`));
    this.renewal = new PasswordRenewal({
      counts: this.counts,
      clock: this.clock,
      mailbox,
      facts,
      afterMs: AFTER_MS,
      again: { floorMs: 1000, ceilingMs: 60_000 },
      random: () => this.draw,
      supply: () => ({
        obtainedAtMs: this.obtainedAtMs,
        renew: async () => {
          this.acts.push('obtain');
          return this.problem;
        },
      }),
      suspend: act('suspend'),
      resume: act('resume'),
      unanswered: () => this.unanswered,
      unacknowledged: () => this.unacknowledged,
      stopReading: act('stop reading'),
      reconnect: act('reconnect'),
    });
  }

  /** Advances the clock, and lets promises settle. @returns what was done */
  async pass(ms: number): Promise<string[]> {
    this.clock.pass(ms);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    return this.acts.splice(0);
  }

  /** Connected bench whose renewal is due. */
  async due(): Promise<string[]> {
    this.renewal.connected();
    return await this.pass(AFTER_MS);
  }
}

describe('a renewal', () => {
  it('obtains the password first, and disconnects if nothing is unanswered', async () => {
    const bench = new RenewalBench();
    bench.renewal.connected();
    expect(await bench.pass(AFTER_MS - 1)).toEqual([]);
    expect(await bench.pass(1)).toEqual(['obtain', 'suspend', 'stop reading', 'reconnect']);
    expect(bench.renewal.isRenewing).toBe(true);
    bench.clock.pass(200);
    bench.renewal.connected();
    expect([await bench.pass(0), bench.renewal.isRenewing]).toEqual([['renewed after 200 ms, 0 unsettled'], false]);
    expect(await bench.pass(AFTER_MS)).toContain('obtain');
  });

  it.each([
    [0, AFTER_MS],
    [0.5, 0.95 * AFTER_MS],
    [0.999, 0.9001 * AFTER_MS],
  ])('with the draw %d comes after %d ms: up to a tenth earlier', async (draw, afterMs) => {
    const bench = new RenewalBench();
    bench.draw = draw;
    bench.renewal.connected();
    expect(await bench.pass(Math.floor(afterMs) - 1)).toEqual([]);
    expect(await bench.pass(2)).toContain('obtain');
  });

  it('counts from the moment at which the password was obtained', async () => {
    const bench = new RenewalBench();
    bench.obtainedAtMs = bench.clock.nowMs() - 30_000;
    bench.renewal.connected();
    expect(await bench.pass(AFTER_MS - 30_001)).toEqual([]);
    expect(await bench.pass(1)).toContain('obtain');
  });

  it('waits for answers while the hub is read, then for PUBACKs while it is not', async () => {
    const bench = new RenewalBench();
    bench.unanswered = 3;
    bench.unacknowledged = 2;
    expect(await bench.due()).toEqual(['obtain', 'suspend']);
    expect(await bench.pass(1000)).toEqual([]);
    bench.unanswered = 0;
    expect(await bench.pass(1000)).toEqual(['stop reading']);
    bench.unacknowledged = 0;
    expect(await bench.pass(1000)).toEqual(['reconnect']);
    bench.renewal.connected();
    expect(await bench.pass(0)).toEqual([expect.stringMatching(/, 0 unsettled$/)]);
  });

  it('does not wait longer than its bounds, and reports what had no answer', async () => {
    const bench = new RenewalBench();
    bench.unanswered = 3;
    bench.unacknowledged = 2;
    expect(await bench.due()).toEqual(['obtain', 'suspend']);
    expect(await bench.pass(SETTLE_MS_MAX - 1)).toEqual([]);
    expect(await bench.pass(1)).toEqual(['stop reading']);
    expect(await bench.pass(QUIET_MS_MAX - 1)).toEqual([]);
    expect(await bench.pass(1)).toEqual(['reconnect']);
    bench.renewal.connected();
    expect(await bench.pass(0)).toEqual(['renewed after 0 ms, 5 unsettled']);
  });
});

describe('without another password', () => {
  it('the connection goes on, the problem is reported once, and another try follows after a pause', async () => {
    const bench = new RenewalBench();
    bench.problem = 'exit code 1';
    expect(await bench.due()).toEqual(['obtain', 'judged: exit code 1']);
    expect(bench.renewal.trouble).toEqual({ problem: 'exit code 1', sinceMs: bench.clock.nowMs() });
    const sinceMs = bench.clock.nowMs();
    expect(await bench.pass(999)).toEqual([]);
    expect(await bench.pass(1)).toEqual(['obtain']);
    bench.problem = 'exit code 2';
    expect(await bench.pass(60_000)).toContain('judged: exit code 2');
    expect(bench.renewal.trouble).toEqual({ problem: 'exit code 2', sinceMs });
    bench.problem = undefined;
    const acts = await bench.pass(60_000);
    expect(acts.slice(-5)).toEqual(['obtain', 'judged: undefined', 'suspend', 'stop reading', 'reconnect']);
    expect(bench.renewal.trouble).toBeUndefined();
    expect(bench.counts).toEqual({ attempts: 4, failures: 3 });
    bench.renewal.connected();
    expect(bench.counts).toEqual({ attempts: 4, failures: 3 });
  });
});

describe('the end of the connection', () => {
  it('during the wait for answers ends the renewal, and sending goes on', async () => {
    const bench = new RenewalBench();
    bench.unanswered = 1;
    await bench.due();
    bench.renewal.disconnected();
    expect(await bench.pass(10 * AFTER_MS)).toEqual(['resume']);
    expect(bench.renewal.isRenewing).toBe(false);
  });

  it('while a password is obtained ends the renewal; the next attempt may use that password', async () => {
    const bench = new RenewalBench();
    bench.renewal.connected();
    bench.clock.pass(AFTER_MS);
    bench.renewal.disconnected();
    expect(await bench.pass(10 * AFTER_MS)).toEqual(['obtain']);
    bench.renewal.connected();
    expect(await bench.pass(AFTER_MS)).toEqual(['obtain', 'suspend', 'stop reading', 'reconnect']);
  });

  it('instead of the next connection is an outage, and what waited for it goes on', async () => {
    const bench = new RenewalBench();
    await bench.due();
    bench.renewal.disconnected();
    expect([await bench.pass(0), bench.renewal.isRenewing]).toEqual([['resume'], false]);
    expect(bench.counts).toEqual({ attempts: 1, failures: 1 });
  });

  it('is not begun before a stop, and goes on if the DISCONNECT was sent', async () => {
    const bench = new RenewalBench();
    bench.unanswered = 1;
    await bench.due();
    bench.renewal.cancel();
    expect(await bench.pass(10 * AFTER_MS)).toEqual(['resume']);
    bench.unanswered = 0;
    await bench.due();
    bench.renewal.cancel();
    expect(bench.renewal.isRenewing).toBe(true);
    bench.renewal.connected();
    expect(await bench.pass(0)).toEqual(['renewed after 0 ms, 0 unsettled']);
  });

  it('by a stop ends everything', async () => {
    const bench = new RenewalBench();
    bench.renewal.connected();
    bench.renewal.end();
    expect(await bench.pass(10 * AFTER_MS)).toEqual([]);
    bench.renewal.connected();
    await bench.pass(AFTER_MS);
    expect(bench.renewal.isRenewing).toBe(true);
    bench.renewal.end();
    expect(bench.counts).toEqual({ attempts: 1, failures: 0 });
  });
});
