/** Queries of the control API: an unknown parameter or an invalid value is rejected with what is allowed. */
import { describe, expect, it } from 'vitest';
import type { AnswerPath } from '../../../../src/ops/api/control-answers.ts';
import { queryProblem } from '../../../../src/ops/api/query-check.ts';

const problemOf = (path: AnswerPath, query: string) => queryProblem(path, new URLSearchParams(query));

describe('a query', () => {
  it.each([
    ['/v1/history', 'from=abc', 'has no parameter "from". Its parameters are step, since, until, metrics.'],
    ['/v1/history', 'step=0', 'step is "0", and not one or more of minute, hour.'],
    ['/v1/history', 'metrics=uplinks_in,nosuch', 'metrics is "uplinks_in,nosuch"'],
    ['/v1/history', 'since=-5', 'since is "-5", and not a whole number from 0.'],
    ['/v1/events', 'kinds=bogus', 'kinds is "bogus", and not one or more of'],
    ['/v1/forecast', 'outage=3h', 'outage is "3h"'],
    ['/v1/status', 'verbose=1', 'It takes no parameter.'],
    ['/v1/dead-letters', 'limit=1e3', 'limit is "1e3"'],
    ['/v1/messages', 'queue=bin', 'queue is "bin", and not one or more of outbox, inbox.'],
    ['/v1/outbox', 'constructor=1', 'has no parameter "constructor"'],
  ] as const)('of %s with %s is rejected', (path, query, problem) => {
    expect(problemOf(path, query)).toContain(problem);
  });

  it.each([
    ['/v1/history', 'step=hour&since=0&until=9007199254740991&metrics=uplinks_in,backlog'],
    ['/v1/history', 'metrics='],
    ['/v1/events', 'since=5&limit=10&kinds=hub,link'],
    ['/v1/explain', 'of=meter-1'],
    ['/v1/messages', 'queue=inbox&show=tally&subdevices=a&subdevices=b&topics=x%2F%23&olderThanMs=5'],
    ['/v1/status', ''],
  ] as const)('of %s with %s is valid', (path, query) => {
    expect(problemOf(path, query)).toBeUndefined();
  });
});
