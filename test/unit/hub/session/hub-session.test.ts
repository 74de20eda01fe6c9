import { describe, expect, it } from 'vitest';
import type { HubSessionRow } from '../../../../src/custody/row.ts';
import { HubSessionState, sessionOwner } from '../../../../src/hub/session/session-state.ts';

const AT = { epoch: 2, upMs: 9 };
const FRESH: HubSessionRow = { expected: false, connected: false, changedAt: undefined, owner: 0, lostCount: 0 };
const US = sessionOwner({ host: 'hub.example', clientId: 'gw' });
const KNOWN: HubSessionRow = { ...FRESH, expected: true, owner: US, lostCount: 1 };

describe('the state of the session at the hub', () => {
  it.each([
    [
      'the first connection of this store',
      FRESH,
      [],
      false,
      { isLost: false, gone: [], subscribe: ['a', 'b'], unsubscribe: [] },
    ],
    ['the stored session', KNOWN, ['a', 'b'], true, { isLost: false, gone: [], subscribe: [], unsubscribe: [] }],
    [
      'a session without one filter',
      KNOWN,
      ['a'],
      true,
      { isLost: false, gone: [], subscribe: ['b'], unsubscribe: [] },
    ],
    [
      'a session with an extra filter',
      KNOWN,
      ['a', 'b', 'c'],
      true,
      { isLost: false, gone: [], subscribe: [], unsubscribe: ['c'] },
    ],
    [
      'a lost session',
      KNOWN,
      ['a', 'c'],
      false,
      { isLost: true, gone: ['a', 'c'], subscribe: ['a', 'b'], unsubscribe: [] },
    ],
    ['an unexpected session', FRESH, [], true, { isLost: false, gone: [], subscribe: ['a', 'b'], unsubscribe: [] }],
  ])('reconciles %s', (_what, row, granted, sessionPresent, reconciliation) => {
    const registry = new HubSessionState(row, granted, US);
    expect(registry.connected(sessionPresent, new Set(['a', 'b']), AT)).toEqual({ invalid: [], ...reconciliation });
    expect(registry.row).toEqual({
      ...row,
      expected: true,
      connected: true,
      changedAt: AT,
      owner: US,
      lostCount: row.lostCount + (reconciliation.isLost ? 1 : 0),
    });
  });

  it('contains a filter from its grant to its end', () => {
    const registry = new HubSessionState(FRESH, [], US);
    registry.connected(false, new Set(['a']), AT);
    registry.grant('a');
    expect(registry.connected(true, new Set(['a']), AT).subscribe).toEqual([]);
    registry.drop('a');
    expect(registry.connected(true, new Set(['a']), AT).subscribe).toEqual(['a']);
  });

  it('contains the owner and the end of the session', () => {
    const registry = new HubSessionState(FRESH, [], US);
    registry.connected(true, new Set(), AT);
    registry.disconnected(AT);
    expect(registry.row).toMatchObject({ connected: false, owner: US, expected: true });
  });
});

describe('filters granted to another client id, or by another hub', () => {
  it.each([
    ['another client id', { host: 'hub.example', clientId: 'gw-2' }],
    ['another hub', { host: 'other.example', clientId: 'gw' }],
  ])('are not valid for the present session: %s', (_what, them) => {
    const registry = new HubSessionState({ ...KNOWN, owner: sessionOwner(them) }, ['a', 'c'], US);
    expect(registry.connected(true, new Set(['a', 'b']), AT)).toEqual({
      ...{ isLost: false, gone: ['a', 'c'], subscribe: ['a', 'b'], unsubscribe: [], invalid: [] },
    });
    expect(registry.row.owner).toBe(US);
    registry.grant('a');
    expect(registry.connected(true, new Set(['a']), AT)).toMatchObject({ gone: [], subscribe: [] });
  });

  it('are valid if no owner was stored', () => {
    const registry = new HubSessionState({ ...KNOWN, owner: 0 }, ['a'], US);
    expect(registry.connected(true, new Set(['a']), AT)).toMatchObject({ gone: [], subscribe: [] });
  });
});

describe('a change of the hub', () => {
  const other = sessionOwner({ host: 'other.example', clientId: 'gw' });

  it('requests all filters at the new hub, and drops those of the old one', () => {
    const state = new HubSessionState(KNOWN, ['a', 'b'], US);
    state.setOwner(other);
    expect([...state.granted]).toEqual([]);
    expect(state.connected(true, new Set(['a', 'b']), AT)).toMatchObject({ subscribe: ['a', 'b'], gone: ['a', 'b'] });
    expect(state.row.owner).toBe(other);
  });

  it('that is taken back before a connection keeps what the old hub has granted', () => {
    const state = new HubSessionState(KNOWN, ['a', 'b'], US);
    state.setOwner(other);
    state.setOwner(US);
    expect(state.connected(true, new Set(['a', 'b']), AT)).toMatchObject({ subscribe: [], gone: [] });
  });
});
