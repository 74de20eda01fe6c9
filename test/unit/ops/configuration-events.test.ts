/** Sentences about changes of the configuration: who or what caused them, and no digest that a reader cannot look up. */
import { expect, it } from 'vitest';
import { BY_SIGNAL } from '../../../src/base/events.ts';
import { reportFact } from '../../../src/ops/narration.ts';
import { untilWords } from '../../../src/ops/words.ts';

const MARK = '19f21cc9c7bd23d7';

it('name the user or the signal, and no digest', () => {
  const sentences = [
    reportFact('configApplied', { keys: ['hub.host'], by: BY_SIGNAL }),
    reportFact('configApplied', { keys: ['link[a].baud_rate', 'subdevice[b] removed'], by: 'root' }),
    reportFact('configConfirmed', { mark: MARK, how: 'by command', by: 'root' }),
    reportFact('configRolledBack', { mark: MARK, reason: 'it was not confirmed within 60 s' }),
    reportFact('configurationChanged', { mark: MARK }),
  ];
  expect(sentences).toEqual([
    'a configuration with 1 change was applied (by SIGHUP: systemctl reload, or a user with kill): hub.host',
    'a configuration with 2 changes was applied (user root): link[a].baud_rate, subdevice[b] removed',
    'the configuration on trial was confirmed by command (user root)',
    'the configuration on trial was rolled back: it was not confirmed within 60 s',
    'the configuration has changed since the previous start',
  ]);
});

it('name as many keys as fit into an event, and the number of the others', () => {
  const keys = Array.from({ length: 40 }, (_, index) => `link[meters-${index}].baud_rate`);
  const sentence = reportFact('configApplied', { keys, by: BY_SIGNAL });
  expect(sentence).toMatch(/: link\[meters-0\]\.baud_rate, .*, link\[meters-3\]\.baud_rate and 36 more$/);
  expect(sentence.length).toBeLessThanOrEqual(240);
  expect(reportFact('configApplied', { keys: [] })).toBe('a configuration with 0 changes was applied');
});

it('a time of less than a second is no time to wait for', () => {
  expect([0, 999, 1000, 61_000].map(untilWords)).toEqual(['at once', 'at once', 'in 1 s', 'in 61 s']);
});
