/** Account of sent, acknowledged and received messages: it shows each lost, reordered or duplicate message. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberedPayload, numberOf, StreamAccount, sumAccounts } from '../../../src/bench/account.ts';

/** Returns the account of ten messages that were sent and acknowledged, with the given arrivals. */
function acknowledgedTen(): StreamAccount {
  const account = new StreamAccount();
  for (let index = 0; index < 10; index += 1) account.acknowledge(account.send());
  return account;
}

describe('the account of a stream', () => {
  it.each<[string, number[], { missing: number; reordered: number; duplicates: number; delivered: number }]>([
    [
      'reports nothing if all messages arrive in order',
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      { missing: 0, reordered: 0, duplicates: 0, delivered: 10 },
    ],
    ['reports a lost message', [1, 2, 3, 4, 6, 7, 8, 9, 10], { missing: 1, reordered: 0, duplicates: 0, delivered: 9 }],
    [
      'reports that the last message is lost',
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
      { missing: 1, reordered: 0, duplicates: 0, delivered: 9 },
    ],
    [
      'reports two messages in the wrong order',
      [1, 2, 4, 3, 5, 6, 7, 8, 9, 10],
      { missing: 0, reordered: 1, duplicates: 0, delivered: 10 },
    ],
    [
      'reports a duplicate, and no other message in its place',
      [1, 2, 3, 3, 5, 6, 7, 8, 9, 10],
      { missing: 1, reordered: 0, duplicates: 1, delivered: 9 },
    ],
    [
      'does not report a repeated sequence as reordered',
      [1, 2, 3, 4, 5, 3, 4, 5, 6, 7, 8, 9, 10],
      { missing: 0, reordered: 0, duplicates: 3, delivered: 10 },
    ],
    ['reports all messages as missing if none arrives', [], { missing: 10, reordered: 0, duplicates: 0, delivered: 0 }],
  ])('%s', (_, arrivals, seen) => {
    const account = acknowledgedTen();
    for (const number of arrivals) account.arrive(number);
    expect(sumAccounts([account])).toEqual({ sent: 10, acknowledged: 10, ...seen });
  });

  it('does not report an unacknowledged message as missing', () => {
    const account = new StreamAccount();
    account.send();
    expect(account).toMatchObject({ sent: 1, acknowledged: 0, missing: 0 });
  });

  it('counts a repeated acknowledgement once', () => {
    const account = new StreamAccount();
    account.acknowledge(account.send());
    account.acknowledge(1);
    expect(account).toMatchObject({ acknowledged: 1, missing: 1 });
  });

  it('accepts a message that arrives before its acknowledgement', () => {
    const account = new StreamAccount();
    const number = account.send();
    account.arrive(number);
    account.acknowledge(number);
    expect(account).toMatchObject({ acknowledged: 1, delivered: 1, missing: 0 });
  });

  it('counts each arrival as delivered or duplicate, and each acknowledged message as delivered or missing', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 10 })), (arrivals) => {
        const account = acknowledgedTen();
        for (const number of arrivals) account.arrive(number);
        expect(account.delivered + account.duplicates).toBe(arrivals.length);
        expect(account.delivered + account.missing).toBe(10);
      }),
    );
  });

  it('does not balance a duplicate of one stream with a missing message of another', () => {
    const [left, right] = [acknowledgedTen(), acknowledgedTen()];
    for (let number = 1; number <= 10; number += 1) left.arrive(number);
    left.arrive(10);
    for (let number = 1; number <= 9; number += 1) right.arrive(number);
    expect(sumAccounts([left, right])).toMatchObject({ missing: 1, duplicates: 1, delivered: 19 });
  });
});

describe('a numbered payload', () => {
  it('contains its number, and has the given size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 9 }), fc.integer({ min: 13, max: 300 }), (number, bytes) => {
        const payload = numberedPayload(number, bytes);
        expect(numberOf(payload)).toBe(number);
        expect(payload).toHaveLength(bytes);
      }),
    );
  });

  it.each(['', 'n=;', 'n=12', 'x=12;', 'n=-1;'])('is not recognised in %j', (text) => {
    expect(numberOf(new TextEncoder().encode(text))).toBeUndefined();
  });
});
