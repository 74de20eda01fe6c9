/** A check has a deadline, and an error of a check does not end the examination. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Fault } from '../../../src/base/fault.ts';
import { type Check, ok, runCheck } from '../../../src/doctor/check.ts';
import { allChecks, WITHOUT_IDENTITY } from '../../../src/doctor/checks.ts';
import { openInput } from './doctor-rig.ts';

const check = (run: Check['run'], msMax = 60_000): Check => ({ id: 'a.b', about: '', msMax, run });

it('returns the findings of the check with their duration', async () => {
  const [finding] = await runCheck(
    check(async () => [ok('a.b', 'Fact.')]),
    openInput({}),
  );
  expect(finding).toMatchObject({ id: 'a.b', verdict: 'ok', facts: ['Fact.'], remedy: null });
  expect(finding?.ms).toBeGreaterThanOrEqual(0);
});

it('ends at its deadline, and aborts what the check has begun', async () => {
  let isAborted = false;
  const hangs = check((_, signal) => {
    signal.addEventListener('abort', () => {
      isAborted = true;
    });
    return new Promise(() => undefined);
  }, 20);
  expect(await runCheck(hangs, openInput({}))).toMatchObject([{ verdict: 'warn', facts: ['No result within 0 s.'] }]);
  expect(isAborted).toBe(true);
});

it('shows an unknown error as a check that was not possible, and a fault as a failure with its remedy', async () => {
  const breaks = (error: Error) =>
    runCheck(
      check(async () => Promise.reject(error)),
      openInput({}),
    );
  expect(await breaks(new Error('boom'))).toMatchObject([{ verdict: 'skipped', facts: ['This check failed: boom.'] }]);
  const fault = new Fault('secret-unreadable', 'The file is missing', { hint: 'Write it.' });
  expect(await breaks(fault)).toMatchObject([
    { verdict: 'fail', facts: ['The file is missing.'], remedy: 'Write it.' },
  ]);
});

it('has checks with different identifiers, each of which ends without a gateway and a configuration', async () => {
  const checks = allChecks(WITHOUT_IDENTITY);
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  const input = openInput({});
  for (const one of checks) {
    const findings = await runCheck(one, input);
    expect(findings.length, one.id).toBeGreaterThan(0);
    for (const { id, facts } of findings) {
      expect(id.split(':')[0]).toBe(one.id);
      expect(facts.join(' '), one.id).not.toContain('This check failed');
    }
  }
});

it('is documented with its identifier and its purpose', () => {
  const page = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');
  for (const { id, about } of allChecks(WITHOUT_IDENTITY)) expect(page).toContain(`| \`${id}\` | ${about}`);
});
