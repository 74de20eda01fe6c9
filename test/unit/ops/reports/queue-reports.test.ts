/** Overflow policy in the report of the outbox: that of the links, which may differ from the one of `[outbox]`. */
import { expect, it } from 'vitest';
import { outboxOverflow } from '../../../../src/ops/reports/queue-reports.ts';

const policyOf = (...links: ('reject' | 'drop-newest')[]) =>
  outboxOverflow({ links: links.map((overflow) => ({ overflow })), outbox: { overflow: 'reject' } });

it('the policy of a full outbox is the one of its links, or by link if they differ', () => {
  expect(policyOf()).toBe('reject');
  expect(policyOf('reject', 'reject')).toBe('reject');
  expect(policyOf('drop-newest')).toBe('drop-newest');
  expect(policyOf('drop-newest', 'reject')).toBe('by link');
});
