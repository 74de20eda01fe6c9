/** Choice of the configuration at a start, from the file and the record of the last trial. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chooseConfig as choose, hubAtStart } from '../../../src/app/config-choice.ts';
import { readSavedConfig, type SavedConfig, saveConfig } from '../../../src/io/saved-config.ts';

const chooseConfig = (mark: string, saved: SavedConfig | undefined) => choose(mark, saved, (text) => `mark of ${text}`);

const TRIAL = {
  mark: 'new',
  forMs: 60_000,
  confirmation: 'operator',
  worked: { hub: true, links: ['meters'] },
} as const;
const RUNNING: SavedConfig = { confirmed: 'old text', trial: { ...TRIAL, phase: 'running' }, rejected: null };
const RESTART: SavedConfig = { confirmed: 'old text', trial: { ...TRIAL, phase: 'restart' }, rejected: null };
const REJECTED: SavedConfig = { confirmed: 'old text', trial: null, rejected: { mark: 'new', reason: 'no hub' } };

describe('a start', () => {
  it('uses the file if nothing was ever applied', () => {
    expect(chooseConfig('any', undefined)).toEqual({ kind: 'file' });
  });

  it('uses the confirmed text if the file was on trial, and the file is rejected from then on', () => {
    const choice = chooseConfig('new', RUNNING);
    expect(choice).toMatchObject({
      kind: 'confirmed',
      text: 'old text',
      saved: { trial: null, rejected: { mark: 'new' } },
    });
    if (choice.kind !== 'confirmed') throw new Error('unreachable');
    expect(chooseConfig('new', choice.saved)).toMatchObject({
      kind: 'confirmed',
      text: 'old text',
      reason: choice.reason,
    });
  });

  it('uses the confirmed text as long as the file has the rejected text', () => {
    expect(chooseConfig('new', REJECTED)).toEqual({ kind: 'confirmed', text: 'old text', reason: 'no hub' });
  });

  it('begins the trial that the restart was for', () => {
    expect(chooseConfig('new', RESTART)).toEqual({ kind: 'trial' });
  });

  it.each([
    ['running', RUNNING],
    ['restart', RESTART],
    ['rejected', REJECTED],
  ])('uses any other text of the file: the technician has changed it (%s)', (_, saved) => {
    expect(chooseConfig('other', saved)).toEqual({ kind: 'file' });
  });
});

describe('a start after a process that did not stop regularly', () => {
  const CONFIRMED: SavedConfig = { confirmed: 'old text', trial: null, rejected: null, isRunning: true };

  it('uses a text that was edited and never applied on trial only', () => {
    expect(chooseConfig('other', CONFIRMED)).toEqual({ kind: 'edited', confirmed: 'old text' });
  });

  it('uses the file without a trial if its text is the confirmed one, or after a regular stop', () => {
    expect(chooseConfig('mark of old text', CONFIRMED)).toEqual({ kind: 'file' });
    expect(chooseConfig('other', { ...CONFIRMED, isRunning: false })).toEqual({ kind: 'file' });
  });
});

describe('the record', () => {
  function stateDir(): string {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  it('is read as it was written', () => {
    const folder = stateDir();
    expect(readSavedConfig(folder)).toEqual({ saved: undefined, problem: undefined });
    for (const saved of [RUNNING, REJECTED]) {
      saveConfig(folder, saved);
      expect(readSavedConfig(folder)).toEqual({ saved, problem: undefined });
    }
  });

  it('is written only if it differs from the file', () => {
    const folder = stateDir();
    const path = join(folder, 'configuration/state.json');
    saveConfig(folder, RUNNING);
    const { ino } = statSync(path);
    saveConfig(folder, RUNNING);
    expect(statSync(path).ino).toBe(ino);
    // the file that replaces another one has another number
    saveConfig(folder, RESTART);
    expect(statSync(path).ino).not.toBe(ino);
    expect(readSavedConfig(folder).saved).toEqual(RESTART);
  });

  it('is ignored with a reason if a byte was changed, and if it is torn', () => {
    const folder = stateDir();
    saveConfig(folder, RUNNING);
    const path = join(folder, 'configuration/state.json');
    const text = readFileSync(path, 'utf8');
    for (const broken of [text.replace('old text', 'odd text'), text.slice(0, -9), '', '[]', '{"format":9}']) {
      writeFileSync(path, broken);
      const { saved, problem } = readSavedConfig(folder);
      expect(saved).toBeUndefined();
      expect(problem).toMatch(/^it /);
    }
  });
});

describe('the configuration of the hub at a start', () => {
  const patch = (version: string) => ({ version, mark: `mark ${version}`, config: {} });
  const last = { version: '1', mark: 'mark 1', result: 'confirmed', reason: null } as const;
  const hub = { patch: patch('1'), last };
  const yes = (): boolean => true;

  it('is the confirmed one, or none', () => {
    expect(hubAtStart(undefined, yes)).toEqual({ patch: null, state: { patch: null, last: null } });
    expect(hubAtStart({ ...REJECTED, hub }, yes)).toEqual({ patch: hub.patch, state: hub });
    expect(hubAtStart({ ...RUNNING, hub }, yes)).toEqual({ patch: hub.patch, state: hub });
  });

  it('is the one before if the process ended in a trial, and the outcome is kept for the hub', () => {
    const saved: SavedConfig = { ...RUNNING, hub, trial: { ...TRIAL, phase: 'running', hub: patch('2') } };
    expect(hubAtStart(saved, yes)).toMatchObject({
      patch: { version: '1' },
      state: { patch: { version: '1' }, last: { version: '2', result: 'rolled-back' } },
    });
  });

  it('is the one on trial after a restart for it, unless the file was changed before', () => {
    const saved: SavedConfig = { ...RESTART, hub, trial: { ...TRIAL, phase: 'restart', hub: patch('2') } };
    expect(hubAtStart(saved, yes)).toMatchObject({ patch: { version: '2' }, state: hub });
    expect(hubAtStart(saved, () => false)).toMatchObject({
      patch: { version: '1' },
      state: { last: { version: '2', result: 'rolled-back', reason: 'the file was changed before the restart' } },
    });
  });
});
