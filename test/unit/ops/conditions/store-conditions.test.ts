/** Conditions of the store in `status`: its place, and lost messages. */
import { describe, expect, it } from 'vitest';
import { storeConditions } from '../../../../src/ops/conditions/store-conditions.ts';
import { offlineStatusOf } from '../../../../src/ops/reports/offline-report.ts';
import type { Condition } from '../../../../src/ops/reports/report.ts';
import { judge } from '../../../../src/ops/verdict.ts';
import { AWAY, BALANCED } from '../api/control-rig.ts';

function condition(losing: Condition['losing'], forMs: number): Condition {
  return { code: 'shedding', losing, forMs, sentence: `It is ${losing}.`, hint: null };
}

describe('a store in RAM', () => {
  const store = { ...AWAY.store, volatile: 'tmpfs on /tmp' };

  it('is the first condition of status', () => {
    const conditions = [
      condition('yes', 3),
      { ...condition('at risk', 1), code: 'store-volatile' as const, sentence: 'The store is in RAM.' },
    ];
    const { losing, sentence, conditions: listed } = judge({ ...AWAY, store, conditions });
    expect([losing, listed[0]?.code]).toEqual(['yes', 'store-volatile']);
    expect(sentence).toMatch(/^Yes\. The store is in RAM \(tmpfs on \/tmp\): a power cut loses/);
    expect(sentence).not.toContain('safe on disk');
  });

  it('is reported without a running gateway, too', () => {
    const reading = { path: '/s', bytes: 1, walBytes: 2, lanes: BALANCED, findings: [], losses: [] };
    const { sentence } = offlineStatusOf(reading, 'tmpfs on /tmp');
    expect(sentence).toContain('in RAM only (tmpfs on /tmp)');
    expect(sentence).not.toContain('safe on disk');
  });
});

describe('a store that was damaged', () => {
  const health = { volatile: null, copiedFrom: [], losses: [], damaged: 0, damagedRecords: 0, isDamaged: true };

  it('is at risk until the process ends, even if no message is missing', () => {
    const conditions = storeConditions(health, 5000);
    expect(conditions).toMatchObject([{ code: 'store-damaged', losing: 'at risk', forMs: 5000 }]);
    expect(conditions[0]?.hint).toContain('Replace the SD card');
    expect(judge({ ...AWAY, conditions }).sentence).toMatch(/^Not yet\. The store was damaged on disk\./);
  });

  it('is reported once, together with the messages that it lost', () => {
    const codes = storeConditions({ ...health, damaged: 2 }, 0).map(({ code }) => code);
    expect(codes).toEqual(['damaged-rows']);
    expect(storeConditions({ ...health, isDamaged: false }, 0)).toEqual([]);
  });
});
