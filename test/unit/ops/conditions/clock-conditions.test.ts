import { expect, it } from 'vitest';
import { NO_TAKEOVERS } from '../../../../src/hub/client/takeover.ts';
import { conditionsOf, type Health } from '../../../../src/ops/conditions/conditions.ts';

const HUB: Health['hub'] = {
  isOnline: true,
  changedAtMs: 0,
  problem: undefined,
  refusal: undefined,
  ...{ isSigned: true, isPlain: true, peer: 'hub.example.net:1883', awaitingConnackMs: undefined },
  session: { finding: 'resumed', away: null, keptMs: null, isOver: false, gap: null },
  ...{ refusedFilters: [], doubtedTopics: [], unansweredMs: undefined, clientId: 'gw', takeovers: NO_TAKEOVERS },
  ...{ tlsFilesTrouble: undefined, problemStage: undefined, heldPackets: [], silentFilters: [], loweredFilters: [] },
};

const STORE: Health['store'] = { volatile: null, losses: [], damaged: 0, damagedRecords: 0, isDamaged: false };

function health(fields: Partial<Health>): Health {
  return {
    ...{
      nowMs: 9000,
      startedAtMs: 0,
      hub: HUB,
      links: [],
      bindings: [],
      unconfiguredDevices: [],
      unconfirmed: { subdevices: [], forMs: 0 },
      removed: [],
      storeFullSinceMs: undefined,
      diskLow: undefined,
    },
    clock: { wallMs: 1_800_000_000_000, isSet: true, isTrusted: false, aheadOfHubMs: undefined },
    outbox: { messages: 0, messagesMax: 9, bytes: 0, bytesMax: 9 },
    ...{ store: STORE, imbalance: 0, setAside: { times: 0, last: undefined }, dead: 0, deadTopics: [] },
    ...{ filters: { wanted: 0, max: 0, rejected: [] }, discarded: [], missing: [] },
    ...fields,
  };
}

const refused = (code: number): Health['hub'] => ({
  ...HUB,
  isOnline: false,
  refusal: { code, reason: 'no', remedy: 'Correct it.' },
});
const codes = (fields: Partial<Health>): string[] => conditionsOf(health(fields)).map(({ code }) => code);
const TRUSTED = { wallMs: 1_800_000_000_000, isSet: true, isTrusted: true, aheadOfHubMs: undefined };

it('an untrusted clock alone is no condition', () => {
  expect(codes({})).toEqual([]);
});

it('a clock that is not set is reported with its date', () => {
  const [condition] = conditionsOf(
    health({ clock: { wallMs: 600_000, isSet: false, isTrusted: false, aheadOfHubMs: undefined } }),
  );
  expect(condition).toMatchObject({ code: 'clock-untrusted', losing: 'no' });
  expect(condition?.sentence).toContain('1970-01-01 00:10:00 UTC');
});

it('a rejected signature (CONNACK 4) makes an untrusted clock a possible cause', () => {
  expect(codes({ hub: refused(4) })).toEqual(['hub-refuses', 'clock-untrusted']);
  expect(codes({ hub: refused(5) })).toEqual(['hub-refuses']);
  expect(codes({ hub: refused(4), clock: TRUSTED })).toEqual(['hub-refuses']);
});

it('a clock that the hub’s time replaces is reported with the difference, and not as a cause', () => {
  const clock = { ...TRUSTED, isTrusted: false, aheadOfHubMs: -3 * 3_600_000 };
  const conditions = conditionsOf(health({ clock, hub: refused(4) }));
  expect(conditions.map(({ code }) => code)).toEqual(['hub-refuses', 'clock-overruled']);
  expect(conditions[1]?.sentence).toContain('3 h behind the time of the hub');
});

it('rows that were lost when the store was opened are damaged rows', () => {
  expect(conditionsOf(health({ store: { ...STORE, damaged: 7 } }))).toMatchObject([
    { code: 'damaged-rows', losing: 'yes' },
  ]);
});

it('damaged records have their own condition', () => {
  expect(conditionsOf(health({ store: { ...STORE, damagedRecords: 2 } }))).toMatchObject([
    { code: 'damaged-records', losing: 'at risk' },
  ]);
});
