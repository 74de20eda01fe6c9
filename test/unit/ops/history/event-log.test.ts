import { describe, expect, it } from 'vitest';
import { newFacts } from '../../../../src/base/events.ts';
import type { GatewayView } from '../../../../src/ops/gateway-view.ts';
import { EventLog } from '../../../../src/ops/history/event-log.ts';

function logBench() {
  const facts = newFacts();
  const gateway: Partial<GatewayView> = {
    facts,
    watch: { away: undefined } as GatewayView['watch'],
    wallClock: { epochs: new Map() } as unknown as GatewayView['wallClock'],
    stamp: () => ({ epoch: 1, upMs: 0 }),
  };
  return { facts, log: new EventLog(gateway as GatewayView, () => undefined) };
}

describe('events that differ in what matters', () => {
  it.each([
    ['firmwareFailed', { subdevice: 'm', version: '2', reason: 'r' }, { subdevice: 'm', version: '3', reason: 'r' }],
    ['conditionRaised', { code: 'c', effect: 'none', sentence: 's' }, { code: 'c', effect: 'loss', sentence: 't' }],
    [
      'operatorActed',
      { action: 'mark', subject: '', detail: '', by: 'root' },
      { action: 'mark', subject: '', detail: '', by: 'ann' },
    ],
    ['configApplied', { keys: ['hub.host'], by: 'root' }, { keys: ['web.port'], by: 'root' }],
    ['configConfirmed', { mark: 'm', how: 'by command', by: 'root' }, { mark: 'm', how: 'by command', by: 'ann' }],
    ['secretFileJudged', { problem: 'a is unreadable' }, { problem: 'b is unreadable' }],
    ['tlsFilesJudged', { problem: 'a is no certificate' }, { problem: undefined }],
    ['passwordJudged', { problem: 'the program failed' }, { problem: undefined }],
    ['deviceNotesJudged', { problem: 'the disk is full' }, { problem: undefined }],
    ['storeFull', { isFull: true }, { isFull: false }],
    ['storeRecovered', { sentence: 'a page was damaged' }, { sentence: '3 rows were salvaged' }],
    ['storeOnOtherMachine', { verdict: 'copied', differences: 'board' }, { verdict: 'moved', differences: 'board' }],
    ['backlogLimitEnded', { limit: 'pause', afterMs: 1 }, { limit: 'rate', afterMs: 1 }],
    ['listenerFailed', { fact: 'hubLost', why: 'w' }, { fact: 'hubConnected', why: 'w' }],
    ['hubRefused', { reason: 'code 4', remedy: 'correct the secret' }, { reason: 'code 2', remedy: 'correct the id' }],
    [
      'linkRecovery',
      { link: 'a', recoveryStep: 'resync', outcome: 'o' },
      { link: 'a', recoveryStep: 'reopen', outcome: 'o' },
    ],
    ['linkGivenUp', { link: 'a', trouble: 'silence' }, { link: 'a', trouble: 'noise' }],
  ] as const)('are not united: %s', (name, fact, other) => {
    const { facts, log } = logBench();
    for (let times = 0; times < 5; times += 1) for (const one of [fact, other]) facts.emit(name, one as never);
    expect(log.buffer.events.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 1, 2, 2]);
    expect(new Set(log.buffer.events.map(({ sentence }) => sentence)).size).toBe(2);
  });

  it('are united if only a reason from outside differs', () => {
    const { facts, log } = logBench();
    for (let times = 0; times < 9; times += 1) facts.emit('hubUnreachable', { reason: `port ${times}` });
    expect(log.buffer.events.map(({ count }) => count)).toEqual([1, 1, 1, 6]);
  });
});
