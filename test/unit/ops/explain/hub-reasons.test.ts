/** Explanation of the hub: no reason twice, and trouble with passwords while connected. */
import { expect, it } from 'vitest';
import { explainHub, type HubSituation } from '../../../../src/ops/explain/explain-hub.ts';
import type { HubReport } from '../../../../src/ops/reports/hub-report.ts';
import { judge } from '../../../../src/ops/verdict.ts';
import { AWAY } from '../api/control-rig.ts';

const CONNECTED = { state: 'connected' } as const;
const REST = { refusal: undefined, doubtedTopics: [], heldPackets: [], limitPerS: undefined };

function sentencesOf(hub: Partial<HubReport>, situation: Partial<HubSituation> = {}): string[] {
  const status = judge({ ...AWAY, hub: { ...AWAY.hub, ...hub } });
  return explainHub({ ...REST, status, ...situation }).reasons.map(({ sentence }) => sentence);
}

it('a rejection by the hub is given once, and another problem beside it', () => {
  const refusal = { reason: 'the hub rejected the user name or password (CONNACK 4)' };
  expect(sentencesOf({ lastProblem: refusal.reason }, { refusal })).toEqual([
    `The hub rejects CONNECT: ${refusal.reason}.`,
    expect.stringMatching(/^The next attempt follows [^:]+\.$/),
  ]);
  expect(sentencesOf({ lastProblem: 'no route' }, { refusal })[1]).toMatch(/ Last problem: no route\.$/);
});

it.each([
  ['hub-password-renewal', 'password-not-renewed'],
  ['hub-secret-file', 'earlier-files-in-use'],
  ['tls-files', 'earlier-files-in-use'],
] as const)('the condition %s is a reason while connected and while away', (code, reason) => {
  const condition = { code, losing: 'no', forMs: 0, sentence: 'It is old', hint: null } as const;
  for (const hub of [CONNECTED, {}]) {
    const status = judge({ ...AWAY, hub: { ...AWAY.hub, ...hub }, conditions: [condition] });
    const { reasons } = explainHub({ ...REST, status });
    expect(reasons).toContainEqual(expect.objectContaining({ code: reason, sentence: 'It is old.' }));
  }
});
