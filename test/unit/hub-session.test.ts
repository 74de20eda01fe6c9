import { describe, expect, it } from 'vitest';
import type { HubSessionRow } from '../../src/custody/row.ts';
import { SessionMirror } from '../../src/hub/session-mirror.ts';

const AT = { epoch: 2, upMs: 9 };
const FRESH: HubSessionRow = { expected: false, connected: false, changedAt: undefined, sentTo: 0, lostCount: 0 };
const KNOWN: HubSessionRow = { ...FRESH, expected: true, sentTo: 41, lostCount: 1 };

describe('the mirror of the session at the hub', () => {
  it.each([
    [
      'the first connection ever',
      FRESH,
      [],
      false,
      { isLost: false, gone: [], subscribe: ['a', 'b'], unsubscribe: [] },
    ],
    ['a session as we know it', KNOWN, ['a', 'b'], true, { isLost: false, gone: [], subscribe: [], unsubscribe: [] }],
    [
      'a session without one filter',
      KNOWN,
      ['a'],
      true,
      { isLost: false, gone: [], subscribe: ['b'], unsubscribe: [] },
    ],
    [
      'a session with a filter too many',
      KNOWN,
      ['a', 'b', 'c'],
      true,
      { isLost: false, gone: [], subscribe: [], unsubscribe: ['c'] },
    ],
    [
      'a session that was lost',
      KNOWN,
      ['a', 'c'],
      false,
      { isLost: true, gone: ['a', 'c'], subscribe: ['a', 'b'], unsubscribe: [] },
    ],
    [
      'a session that we did not expect',
      FRESH,
      [],
      true,
      { isLost: false, gone: [], subscribe: ['a', 'b'], unsubscribe: [] },
    ],
  ])('reconciles %s', (_what, row, granted, sessionPresent, reconciliation) => {
    const mirror = new SessionMirror(row, granted);
    expect(mirror.connected(sessionPresent, new Set(['a', 'b']), AT)).toEqual(reconciliation);
    expect(mirror.row).toEqual({
      ...row,
      expected: true,
      connected: true,
      changedAt: AT,
      lostCount: row.lostCount + (reconciliation.isLost ? 1 : 0),
    });
  });

  it('believes a grant and its end', () => {
    const mirror = new SessionMirror(FRESH, []);
    mirror.connected(false, new Set(['a']), AT);
    mirror.grant('a');
    expect(mirror.connected(true, new Set(['a']), AT).subscribe).toEqual([]);
    mirror.drop('a');
    expect(mirror.connected(true, new Set(['a']), AT).subscribe).toEqual(['a']);
  });

  it('remembers up to where messages may have been sent', () => {
    const mirror = new SessionMirror(FRESH, []);
    mirror.connected(true, new Set(), AT);
    mirror.disconnected(AT, 77);
    expect(mirror.row).toMatchObject({ connected: false, sentTo: 77, expected: true });
  });
});
