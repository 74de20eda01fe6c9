/** Words for the state of a subdevice: the same on every screen. */
import { describe, expect, it } from 'vitest';
import { renderStatus } from '../../../../src/cli/status-view.ts';
import { TopModel } from '../../../../src/cli/top/top-model.ts';
import { explainSubdevice } from '../../../../src/ops/explain/explain-subdevice.ts';
import type { SubdeviceReport } from '../../../../src/ops/reports/report.ts';
import { lastSeenWords, subdeviceState } from '../../../../src/ops/reports/subdevice-state.ts';
import { subdeviceStateWords } from '../../../../src/ops/reports/subdevice-words.ts';
import { judge } from '../../../../src/ops/verdict.ts';
import { AWAY } from '../api/control-rig.ts';

const CONNECTED: SubdeviceReport = {
  ...{ id: 'pump', link: 'line-0', attached: true, lostInMs: null, lasting: true, configured: true, silentMs: 5000 },
  ...{
    profile: null,
    hubIdentity: null,
    onlineAtHub: null,
    binding: null,
    refused: [],
    identity: null,
    subscriptions: [],
  },
  ...{ uplinksPending: 0, downlinksPending: 0, uplinksAccepted: 0, downlinksDelivered: 0 },
};
const AWAY_SINCE_START: SubdeviceReport = { ...CONNECTED, attached: false, silentMs: null };

/** Text of each screen that names the state of one subdevice. */
function screensOf(subdevice: SubdeviceReport): string[] {
  const counts = { connected: 0, asleep: 0, away: 0, neverSeen: 0, [subdeviceState(subdevice)]: 1 };
  const report = judge({ ...AWAY, subdevices: counts });
  const top = new TopModel();
  top.answered(report, [subdevice], 0);
  const situation = {
    ...{ subdevice, homes: [], seenOn: undefined, hasDisconnected: false, unansweredMs: undefined, unbound: undefined },
    ...{ oldest: [], loss: undefined, rejectedFilters: [], firmware: undefined },
  };
  const terminal = { width: 80, isScreen: true, print: () => undefined, tone: (_: string, text: string) => text };
  return [
    subdeviceStateWords(subdevice),
    explainSubdevice(situation).sentence,
    top.rows().find(({ name }) => name === 'pump')?.state ?? '',
    renderStatus(report, terminal).find((line) => line.startsWith('Subdevices')) ?? '',
  ];
}

describe('a subdevice', () => {
  it.each([
    ['connected', CONNECTED],
    ['asleep', { ...CONNECTED, lostInMs: 60_000 }],
    ['away', AWAY_SINCE_START],
    ['never seen', { ...AWAY_SINCE_START, link: null }],
  ])('is %s on every screen', (word, subdevice) => {
    for (const text of screensOf(subdevice)) expect(text).toContain(word);
  });

  it('was last seen some time ago, not since the start, or never', () => {
    expect([CONNECTED, AWAY_SINCE_START, { ...AWAY_SINCE_START, link: null }].map(lastSeenWords)).toEqual([
      '5 s ago',
      'not since the start',
      'never',
    ]);
  });
});
