/** Renewal of the connection: a DISCONNECT, a CONNECT without a pause, and nothing that looks like a failure. */
import { describe, expect, it } from 'vitest';
import { PASSWORD_COMMAND_MS_MAX } from '../../../../src/base/password-limits.ts';
import type { HubClientOptions } from '../../../../src/hub/client/hub-contract.ts';
import { HubBench, OPTIONS } from './hub-rig.ts';

const { floorMs } = OPTIONS.reconnect;
/** Duration after which a connection counts as stable, ms. */
const STABLE_MS = 30_000;

/** Client whose connection has lasted, after its renewal has begun. */
function renewing(lastedMs: number, options: Partial<HubClientOptions> = {}): HubBench {
  const bench = new HubBench({ keepAliveS: 0, ...options }).online();
  bench.pass(lastedMs).input({ kind: 'renew' });
  return bench;
}

/** Waits for the next attempt, if the client waits for one. */
function redial(bench: HubBench): HubBench {
  return bench.pass(Math.max(0, (bench.client.nextAttemptAtMs ?? 0) - bench.nowMs));
}

describe('a renewal', () => {
  it('sends DISCONNECT, connects at once, and is reported as no outage', () => {
    const bench = renewing(60_000);
    expect([bench.sent(), bench.asked()]).toEqual([[{ kind: 'disconnect' }], ['close: the password is renewed']]);
    bench.input({ kind: 'closed', reason: 'closed' });
    const reason = 'the password is renewed';
    expect(bench.reports()).toEqual([{ kind: 'offline', reason, ended: 'for renewal', stage: 'accepted' }]);
    expect(bench.pass(0).asked()).toEqual(['open']);
    bench.input({ kind: 'opened' }).receive({ kind: 'connack', sessionPresent: true, returnCode: 0 });
    expect(bench.sent()).toMatchObject([{ kind: 'connect', cleanSession: false }]);
    expect(bench.reports()).toEqual([{ kind: 'online', sessionPresent: true }]);
  });

  it.each([0, 1, floorMs - 1])(
    '%i ms after CONNACK still keeps the shortest pause between two CONNECTs',
    (lastedMs) => {
      const bench = renewing(lastedMs).input({ kind: 'closed', reason: 'closed' });
      bench.asked();
      expect(bench.pass(floorMs - lastedMs - 1).asked()).toEqual([]);
      expect(bench.pass(1).asked()).toEqual(['open']);
    },
  );

  it('that is commanded while the hub is away does nothing', () => {
    const bench = new HubBench().input({ kind: 'start' }, { kind: 'renew' });
    expect([bench.sent(), bench.asked()]).toEqual([[], ['open']]);
  });

  it('ends if the gateway stops meanwhile', () => {
    const bench = renewing(60_000).input({ kind: 'stop' }, { kind: 'closed', reason: 'closed' });
    bench.asked();
    expect([bench.pass(3_600_000).asked(), bench.client.state]).toEqual([[], 'stopped']);
  });

  it('whose attempt fails is followed by the ordinary back-off', () => {
    const bench = renewing(60_000).input({ kind: 'closed', reason: 'closed' }).pass(0);
    bench.reports();
    bench.asked();
    bench.input({ kind: 'closed', reason: 'refused' });
    expect(bench.reports()).toEqual([
      { kind: 'offline', reason: 'refused', ended: 'otherwise', stage: 'no connection' },
    ]);
    expect(bench.pass(floorMs - 1).asked()).toEqual([]);
    expect(bench.pass(floorMs + 1).asked()).toEqual(['open']);
  });

  it('changes no pause of the back-off unless the connection was stable', () => {
    const pauseAfter = (lastedMs: number): number => {
      const bench = new HubBench({ keepAliveS: 0 });
      bench.input({ kind: 'start' });
      // failed attempts make the pauses longer
      for (let attempt = 0; attempt < 4; attempt += 1) redial(bench.input({ kind: 'closed', reason: 'refused' }));
      bench.input({ kind: 'opened' }).receive({ kind: 'connack', sessionPresent: true, returnCode: 0 });
      bench.pass(lastedMs).input({ kind: 'renew' }, { kind: 'closed', reason: 'closed' }).pass(floorMs);
      bench.input({ kind: 'closed', reason: 'refused' });
      return (bench.client.nextAttemptAtMs ?? 0) - bench.nowMs;
    };
    expect(pauseAfter(STABLE_MS)).toBeLessThan(pauseAfter(STABLE_MS - 1));
  });

  it('is no evidence for or against another gateway with the same identity', () => {
    const takeovers = (between: (bench: HubBench) => void): number => {
      const bench = new HubBench({ keepAliveS: 0 });
      bench.input({ kind: 'start' });
      const connect = (): void => {
        redial(bench).input({ kind: 'opened' });
        bench.receive({ kind: 'connack', sessionPresent: true, returnCode: 0 });
      };
      connect();
      for (let times = 0; times < 3; times += 1) {
        bench.pass(1000).input({ kind: 'closed', reason: 'the hub closed' });
        connect();
        between(bench);
      }
      return bench.client.takeovers(bench.nowMs).times;
    };
    const renew = (bench: HubBench): void => {
      bench.input({ kind: 'renew' }, { kind: 'closed', reason: 'closed' }).pass(floorMs);
      bench.input({ kind: 'opened' }).receive({ kind: 'connack', sessionPresent: true, returnCode: 0 });
    };
    const leave = (bench: HubBench): void => {
      bench.input({ kind: 'leave', reason: 'x', disconnects: true }, { kind: 'closed', reason: 'closed' });
      redial(bench).input({ kind: 'opened' });
      bench.receive({ kind: 'connack', sessionPresent: true, returnCode: 0 });
    };
    expect(takeovers(() => undefined)).toBe(3);
    expect(takeovers(renew)).toBe(3);
    expect(takeovers(leave), 'negative control: another close by this gateway ends the pattern').toBe(0);
  });
});

describe('a program that prints the password', () => {
  const signsWith = 'password command';

  it('has its time before the time of the connection', () => {
    const bench = new HubBench({ signsWith }).input({ kind: 'start' });
    bench.asked();
    bench.pass(PASSWORD_COMMAND_MS_MAX + OPTIONS.connectMsMax);
    expect([bench.asked(), bench.client.state]).toEqual([[], 'dialing']);
    expect(bench.client.dialingSinceMs).toBe(0);
    expect(bench.pass(1000).asked()).toEqual(['close: no connection within 38000 ms']);
  });

  it('leaves the whole connect_ms_max for CONNACK, and not more', () => {
    const bench = new HubBench({ signsWith }).input({ kind: 'start' }).pass(20_000).input({ kind: 'opened' });
    bench.asked();
    expect(bench.pass(OPTIONS.connectMsMax - 1).asked()).toEqual([]);
    expect(bench.pass(1).asked()).toEqual(['close: no CONNACK within 8000 ms']);
  });
});
