/** Rules of the bench hub: on the command line, in the list, and in docs/bench-hub.md. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { PROFILES } from '../../../../src/bench/hub/bench-rules.ts';
import { FaultCommand, NO_FAULTS } from '../../../../src/bench/hub/faults.ts';
import { PlatformCommand } from '../../../../src/bench/hub/platform.ts';
import { listRules, readRuleChange } from '../../../../src/bench/hub/rule-changes.ts';
import { runCommandLine } from '../../../../src/cli/program.ts';

describe('--set', () => {
  test.each([
    ['overflow=newest', { overflow: 'newest' }],
    ['ownPublishes=echoed', { ownPublishes: 'echoed' }],
    ['ownPublishes=not echoed', { ownPublishes: 'not echoed' }],
    ['replayIntervalMs=0', { replayIntervalMs: 0 }],
    ['connectTooSoon=3', { connectTooSoon: 3 }],
    ['connectTooSoon=close', { connectTooSoon: 'close' }],
    ['gatewayOperations=true', { gatewayOperations: true }],
    ['mutedTopics=["a/#"]', { mutedTopics: ['a/#'] }],
    ['credentials={"GPgd":"AAEC"}', { credentials: new Map([['GPgd', 'AAEC']]) }],
    ['republications=[{"filter":"a/+"}]', { republications: [{ filter: 'a/+' }] }],
  ])('%s changes that rule', (setting, rules) => {
    expect(readRuleChange(setting)).toEqual({ kind: 'change', rules });
  });

  test.each([
    ['overflow', 'expected name=value'],
    ['overflow=sideways', 'overflow: '],
    ['overfow=newest', 'overfow: unknown rule'],
    ['constructor=1', 'constructor: unknown rule'],
    ['profile=intl', 'profile: unknown rule'],
    ['storedMax=-1', 'storedMax: '],
    ['inFlightMax=0', 'inFlightMax: '],
    ['credentials={"GPgd":"no base64!"}', 'credentials: '],
  ])('%s is rejected with the reason', (setting, problem) => {
    expect(readRuleChange(setting)).toEqual({ kind: 'problem', problem: expect.stringContaining(problem) });
  });
});

describe('the command line', () => {
  it('rejects an unknown rule as a usage error, before the hub listens', async () => {
    const refused = runCommandLine(['bench-hub', '--port', '0', '--set', 'storedMax=3', '--set', 'overflow=sideways']);
    await expect(refused).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('--set overflow') });
  });
});

describe('the list of rules', () => {
  it('has a value and a meaning for each rule, in every profile', () => {
    for (const profile of ['documented', 'mainland', 'intl', 'generic'] as const) {
      const listed = listRules(profile);
      expect(['profile', ...listed.map(({ name }) => name)].sort()).toEqual(Object.keys(PROFILES[profile]).sort());
      for (const { name, meaning } of listed) expect(meaning, name).not.toBe('');
    }
  });

  it('has only values that --set accepts', () => {
    for (const { name, value } of listRules('mainland')) {
      if (value !== 'none') expect(readRuleChange(`${name}=${value}`)).toMatchObject({ kind: 'change' });
    }
  });
});

describe('docs/bench-hub.md', () => {
  const page = readFileSync(new URL('../../../../docs/bench-hub.md', import.meta.url), 'utf8');

  it('names every fault and every command', () => {
    const kinds = [...FaultCommand.options, ...PlatformCommand.options].flatMap(({ shape }) => [...shape.kind.values]);
    for (const name of [...Object.keys(NO_FAULTS), ...kinds]) expect(page).toContain(name);
  });

  it('names no unknown rule', () => {
    const names = [...page.matchAll(/--set '?([A-Za-z0-9]+)=/g)].map(([, name = '']) => name);
    const known = ['name', ...listRules('mainland').map(({ name }) => name)];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(5);
  });
});
