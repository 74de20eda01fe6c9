/** Sentences about changes of the configuration: who or what caused them, and no digest that a reader cannot look up. */
import { expect, it } from 'vitest';
import { BY_SIGNAL } from '../../../src/base/events.ts';
import { reportFact } from '../../../src/ops/narration.ts';
import { untilWords } from '../../../src/ops/words.ts';

const MARK = '19f21cc9c7bd23d7';

it('name the user or the signal, and no digest', () => {
  const sentences = [
    reportFact('configApplied', { changes: 1, by: BY_SIGNAL }),
    reportFact('configApplied', { changes: 2, by: 'root' }),
    reportFact('configConfirmed', { mark: MARK, how: 'by command', by: 'root' }),
    reportFact('configRolledBack', { mark: MARK, reason: 'it was not confirmed within 60 s' }),
    reportFact('configurationChanged', { mark: MARK }),
  ];
  expect(sentences).toEqual([
    'a configuration with 1 change was applied (by SIGHUP: systemctl reload, or a user with kill)',
    'a configuration with 2 changes was applied (user root)',
    'the configuration on trial was confirmed by command (user root)',
    'the configuration on trial was rolled back: it was not confirmed within 60 s',
    'the configuration has changed since the previous start',
  ]);
});

it('a time of less than a second is no time to wait for', () => {
  expect([0, 999, 1000, 61_000].map(untilWords)).toEqual(['at once', 'at once', 'in 1 s', 'in 61 s']);
});
