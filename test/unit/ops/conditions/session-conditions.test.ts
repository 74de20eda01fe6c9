/** Conditions and status lines about the session at the hub. */

import { describe, expect, it } from 'vitest';
import { renderStatus } from '../../../../src/cli/status-view.ts';
import { openTerminal } from '../../../../src/cli/terminal.ts';
import { refusalOf } from '../../../../src/hub/client/connack.ts';
import { conditionsOf, type Health } from '../../../../src/ops/conditions/conditions.ts';
import type { HubReport, SessionReport } from '../../../../src/ops/reports/hub-report.ts';
import { judge } from '../../../../src/ops/verdict.ts';
import { AWAY } from '../api/control-rig.ts';
import { HEALTHY } from './healthy.ts';

const HOUR_MS = 3_600_000;
const KEPT: SessionReport = { finding: 'resumed', away: null, keptMs: 24 * HOUR_MS, isOver: false, gap: null };
const HUB: Health['hub'] = { ...HEALTHY.hub, session: KEPT, clientId: 'PRODUCT001gw-1' };

function healthOf(hub: Partial<Health['hub']>): Health {
  return { ...HEALTHY, hub: { ...HUB, ...hub } };
}

function textsFor(hub: Partial<Health['hub']>): string {
  const conditions = conditionsOf(healthOf(hub));
  return conditions.map(({ code, sentence, hint }) => `${code}: ${sentence} ${hint}`).join('\n');
}

describe('a condition', () => {
  it('for a hub that acknowledges nothing does not name topics as the only cause', () => {
    const words = textsFor({ unansweredMs: 18_000, doubtedTopics: ['gw/a/t'] });
    expect(words).toContain('hub-pubacks-missing: The hub is connected and acknowledges nothing: no PUBACK for 18 s');
    expect(words).toContain('it may have stopped, be overloaded or be unable to store');
    expect(textsFor({ unansweredMs: 9999 })).toBe('');
    expect(textsFor({ unansweredMs: 9999, doubtedTopics: ['gw/a/t'] })).toContain(
      'does not acknowledge messages on 1 topic',
    );
  });

  it('for another gateway names the identity, other causes, and the remedy', () => {
    const words = textsFor({ takeovers: { times: 4, shortestMs: 500, longestMs: 5200, sinceMs: 0, sessionsGone: 0 } });
    expect(words).toMatch(/^hub-taken-over: The hub accepted 4 connections in a row and closed each soon after/);
    expect(words).toMatch(
      /\(they lasted 0 s to 6 s\).* another gateway is connecting as PRODUCT001gw-1, or the hub or a firewall/,
    );
  });

  it('for another gateway has the duration since the first takeover', () => {
    const takeovers = { times: 9, shortestMs: 500, longestMs: 5200, sinceMs: 2000, sessionsGone: 0 };
    for (const isOnline of [true, false]) {
      const conditions = conditionsOf(healthOf({ takeovers, isOnline, changedAtMs: 8900 }));
      expect(conditions.map(({ code, forMs }) => `${code} ${forMs}`)).toEqual(['hub-taken-over 7000']);
    }
  });

  it.each([
    ['nothing', 4, /^Set username and password_file in \[hub\]/],
    ['user name', 5, /^Correct username in \[hub\], or set password_file/],
    ['password', 4, /^Correct username in \[hub\], and the password in the file of password_file\./],
    ['password', 5, /password_file.*may connect/],
    [
      'password command',
      4,
      /^The program of password_command printed the password for this attempt\. .*log of the hub/,
    ],
    ['password command', 5, /may connect\. The program runs again at the next attempt\.$/],
    ['device secret', 4, /product_id and device_name.*device_secret_file.*clock/],
    ['device secret', 3, /product_id and device_name.*device_secret_file/],
    ['device name', 5, /TLS keys of \[hub\]/],
    ['password', 2, /client_id/],
    ['device secret', 2, /product_id and device_name/],
  ] as const)('for a rejected CONNECT names the keys in use: %s, CONNACK %i', (signsWith, code, hint) => {
    const refusal = refusalOf(code, signsWith);
    const [condition] = conditionsOf(healthOf({ isOnline: false, refusal }));
    expect(condition).toMatchObject({ code: 'hub-refuses', hint: expect.stringMatching(hint) });
    const foreign =
      signsWith === 'password command'
        ? /password_file|device_secret|product_id|restart/
        : signsWith.startsWith('device')
          ? /username|password_file|client_id/
          : /device_secret|product_id|clock/;
    expect(condition?.hint).not.toMatch(foreign);
    expect(condition?.sentence).toContain(`(CONNACK ${code})`);
  });

  it('for another gateway names the evidence, if there is any', () => {
    const words = textsFor({ takeovers: { times: 4, shortestMs: 500, longestMs: 5200, sinceMs: 0, sessionsGone: 2 } });
    expect(words).toMatch(/the session was lost 2 times in between\. Either another client is connecting as/);
  });

  it('for an expired session is shown together with that for the unreachable hub', () => {
    const away = { ms: 25 * HOUR_MS, quality: 'at_least' } as const;
    const words = textsFor({ isOnline: false, session: { ...KEPT, away, isOver: true } });
    expect(words).toMatch(/^hub-away: .*\nhub-session-over: The gateway was not connected for at least 25 h/);
  });

  it('for a gap has the time, the reason, and the command that ends it', () => {
    const gap = { reason: 'session lost', age: { ms: 3 * HOUR_MS, quality: 'exact' } } as const;
    const words = textsFor({ session: { ...KEPT, gap } });
    expect(words).toMatch(
      /^downlink-gap: Downlinks may be missing \(session lost\); the gap began 3 h ago\. .*acknowledge-gap\.$/,
    );
  });
});

describe('holdfast status', () => {
  const terminal = { ...openTerminal(process.stdout, { NO_COLOR: '1' }), width: 120 };
  const lines = (hub: Partial<HubReport>): string =>
    renderStatus(judge({ ...AWAY, hub: { ...AWAY.hub, ...hub } }), terminal).join('\n');
  const away = (ms: number, quality: 'exact' | 'at_least'): SessionReport => ({ ...KEPT, away: { ms, quality } });

  it.each([
    [away(5 * HOUR_MS, 'exact'), 'the hub keeps the session for 24 h: 19 h left'],
    [away(5 * HOUR_MS, 'at_least'), 'the hub keeps the session for 24 h: at most 19 h left'],
    [{ ...away(30 * HOUR_MS, 'exact'), isOver: true }, 'the hub kept the session for 24 h; the session has expired'],
  ])('shows how long the hub keeps the session while it is not connected', (session, words) => {
    expect(lines({ session })).toContain(words);
  });

  it('shows the state after a resume, the number of stored messages received, and the remaining time', () => {
    const replay = { received: 37, expectedMax: 150, etaMs: 56_500 };
    const words = lines({ state: 'connected', session: KEPT, replay });
    expect(words).toContain('session resumed; 12 subscriptions');
    expect(words).toContain('sends stored messages: 37 of at most 150, done in at most 56 s');
  });
});
