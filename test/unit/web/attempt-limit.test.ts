/** The limit of failed logins, and the sessions. */
import { describe, expect, it } from 'vitest';
import { AttemptLimit } from '../../../src/web/attempt-limit.ts';
import { LoginSessions, SESSION_MS } from '../../../src/web/login-sessions.ts';

describe('the limit of failed logins', () => {
  it('allows 5 failures of an address, and one more after 30 s', () => {
    const limit = new AttemptLimit();
    for (let count = 0; count < 5; count += 1) {
      expect(limit.allows('a', 0)).toBe(true);
      limit.failed('a', 0);
    }
    expect(limit.allows('a', 29_999)).toBe(false);
    expect(limit.allows('b', 29_999)).toBe(true);
    expect(limit.allows('a', 30_000)).toBe(true);
    limit.failed('a', 30_000);
    expect(limit.allows('a', 30_000)).toBe(false);
  });

  it('allows 20 failures of all addresses together, and one more after 5 s', () => {
    const limit = new AttemptLimit();
    for (let count = 0; count < 20; count += 1) {
      expect(limit.allows(`address-${count}`, 0)).toBe(true);
      limit.failed(`address-${count}`, 0);
    }
    expect(limit.allows('another', 4999)).toBe(false);
    expect(limit.allows('another', 5000)).toBe(true);
  });

  it('remembers at most 256 addresses', () => {
    const limit = new AttemptLimit();
    for (let count = 0; count < 5; count += 1) limit.failed('first', 0);
    for (let count = 0; count < 255; count += 1) limit.failed(`address-${count}`, 0);
    expect(limit.allows('first', 5000)).toBe(false);
    limit.failed('one more', 5000);
    expect(limit.allows('first', 10_000)).toBe(true);
  });
});

describe('a session', () => {
  it('is valid for 12 h', () => {
    const sessions = new LoginSessions();
    const id = sessions.begin(0);
    expect(sessions.isValid(id, SESSION_MS - 1)).toBe(true);
    expect(sessions.isValid(id, SESSION_MS)).toBe(false);
    expect(sessions.isValid(`${id}x`, 0)).toBe(false);
  });

  it('is ended by the 33rd login, the oldest first', () => {
    const sessions = new LoginSessions();
    const ids = Array.from({ length: 32 }, () => sessions.begin(0));
    expect(ids.every((id) => sessions.isValid(id, 1))).toBe(true);
    sessions.begin(1);
    expect(ids.map((id) => sessions.isValid(id, 1))).toEqual([false, ...ids.slice(1).map(() => true)]);
  });
});
