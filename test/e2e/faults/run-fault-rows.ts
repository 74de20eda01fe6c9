/**
 * Tests of the rows of the fault table. Each row records the time from the fault until the expected word; the table of
 * the times is printed after the rows. With `FAULT_TABLE=FOLDER` each row writes what the first of its commands says into
 * that folder, for the page.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { readConfigText } from '../../../src/cli/context.ts';
import { renderDoctor } from '../../../src/cli/show-doctor.ts';
import { openTerminal } from '../../../src/cli/terminal.ts';
import { VERSION } from '../../../src/cli/version.ts';
import { runCheck, type TimedFinding } from '../../../src/doctor/check.ts';
import { allChecks, WITHOUT_IDENTITY } from '../../../src/doctor/checks.ts';
import { readDoctorInput, THIS_MACHINE } from '../../../src/doctor/doctor-input.ts';
import type { ConditionCode } from '../../../src/ops/conditions/catalogue.ts';
import type { Condition } from '../../../src/ops/reports/report.ts';
import type { DoctorWords, FaultRow, StatusWords } from './fault-row.ts';
import { type FaultScene, firstLines } from './fault-scene.ts';

/** Result of one row, for the page. */
export interface FaultResult {
  readonly area: string;
  readonly name: string;
  readonly status: {
    readonly condition: string;
    readonly sentence: string;
    readonly hint: string;
    readonly ms: number;
  } | null;
  readonly doctor: {
    readonly finding: string;
    readonly fact: string;
    readonly remedy: string;
    readonly ms: number;
  } | null;
}

/** Longest wait for a word. The machine of the tests may be busy; the page has the times of a quiet one. */
const PATIENCE_MS = Number(process.env.FAULT_PATIENCE_MS ?? 90_000);
const LOOK_EVERY_MS = 100;

/** Tries again and again until `look` is true or the longest wait is over. */
async function within(look: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  while (!(await look()) && performance.now() < untilMs) await pause(LOOK_EVERY_MS);
}

const FOLDER = process.env.FAULT_TABLE;

/**
 * @param command `first`: the first command that has words for the row, `status` or the doctor. `doctor`: the doctor
 * only, for rows that another test has tried with `status`. A doctor takes a second for each row.
 */
export function runFaultRows(rows: readonly FaultRow[], command: 'first' | 'doctor' | 'both'): void {
  const times: { readonly fault: string; readonly word: string; readonly seconds: string }[] = [];
  const note = (fault: string, word: string, ms: number): void => {
    times.push({ fault, word, seconds: (ms / 1000).toFixed(1) });
  };
  for (const row of rows)
    it.skipIf(row.missing !== undefined)(`${row.name} is recognised`, async () => {
      const scene = await row.inject();
      if (row.first !== undefined) note(row.name, 'preliminary', await untilPreliminary(scene, row.first));
      const status =
        row.status === undefined || command === 'doctor' ? null : await expectStatus(scene, row, row.status);
      if (status !== null) note(row.name, status.condition, status.ms);
      const isNext = command === 'first' && status !== null;
      const doctor = row.doctor === undefined || isNext ? null : await expectDoctor(scene, row, row.doctor);
      if (doctor !== null) note(row.name, doctor.finding, doctor.ms);
      if (FOLDER !== undefined && command !== 'doctor') await record(FOLDER, scene, row, { status, doctor });
    });
  afterAll(() => console.table(times));
}

/** @returns the time from the fault until the condition, ms */
async function untilCondition(
  scene: FaultScene,
  { condition, says }: Pick<StatusWords, 'condition' | 'says'>,
): Promise<number> {
  let atMs = 0;
  let last = '';
  await within(async () => {
    const { conditions } = await scene.gateway.status();
    const found = conditions.find(({ code }) => code === condition);
    atMs = scene.sinceInjectionMs;
    last = conditions.map((one) => `${one.code}: ${one.sentence} -> ${one.hint}`).join('\n');
    return found !== undefined && hasAll(`${found.sentence} ${found.hint}`, says);
  });
  expect(last).toContain(`${condition}: `);
  for (const word of says) expect(last).toMatch(word);
  return atMs;
}

/**
 * A preliminary condition may last for one second only. A slow machine then finds its code among the past conditions.
 *
 * @returns the time from the fault until the condition was seen, ms
 */
async function untilPreliminary(
  scene: FaultScene,
  { condition, says }: Pick<StatusWords, 'condition' | 'says'>,
): Promise<number> {
  let atMs = 0;
  let seen = '';
  await within(async () => {
    const { conditions } = await scene.gateway.status();
    atMs = scene.sinceInjectionMs;
    const found = conditions.find(({ code }) => code === condition);
    if (found !== undefined) seen = `${found.code}: ${found.sentence} ${found.hint}`;
    else if ((await scene.pastConditions()).includes(condition ?? '')) seen = `${condition}: ${says.join(' ')}`;
    return hasAll(seen, [condition ?? '', ...says]);
  });
  for (const word of [condition ?? '', ...says]) expect(seen).toMatch(word);
  return atMs;
}

const hasAll = (text: string, words: readonly (string | RegExp)[]): boolean =>
  words.every((word) => (typeof word === 'string' ? text.includes(word) : word.test(text)));

async function expectStatus(scene: FaultScene, row: FaultRow, words: StatusWords): Promise<FaultResult['status']> {
  const { condition, losing, says } = words;
  const ms = condition === null ? undefined : await untilCondition(scene, { condition, says: [] });
  let screen = '';
  // the sentence of a condition may become more exact while the fault lasts
  await within(async () => {
    screen = await scene.screenOf('status');
    return hasAll(screen, says);
  });
  const seenMs = ms ?? scene.sinceInjectionMs;
  expectWords(screen, row, says);
  if (losing !== null) expect(screen).toMatch(new RegExp(`Losing data\\? (${losing})\\.`));
  const found = condition === null ? undefined : await conditionOf(scene, condition);
  return {
    condition: condition ?? 'status',
    sentence: found?.sentence ?? screen,
    hint: found?.hint ?? '',
    ms: seenMs,
  };
}

async function conditionOf(scene: FaultScene, condition: ConditionCode): Promise<Condition | undefined> {
  return (await scene.gateway.status()).conditions.find(({ code }) => code === condition);
}

function expectWords(screen: string, { neverSays }: FaultRow, says: readonly (string | RegExp)[]): void {
  for (const word of says) {
    if (typeof word === 'string') expect(screen).toContain(word);
    else expect(screen).toMatch(word);
  }
  for (const word of neverSays) {
    if (typeof word === 'string') expect(screen).not.toContain(word);
    else expect(screen).not.toMatch(word);
  }
}

const VERDICT_WORDS = { ok: 'ok', warn: 'warning', fail: 'FAIL' } as const;

async function expectDoctor(scene: FaultScene, row: FaultRow, words: DoctorWords): Promise<FaultResult['doctor']> {
  const { finding, verdict, says } = words;
  const head = new RegExp(`${VERDICT_WORDS[verdict]} +${finding.replaceAll('.', '\\.')}( |$)`);
  let screen = '';
  let ms = 0;
  await within(async () => {
    screen = await doctorScreen(scene);
    ms = scene.sinceInjectionMs;
    return hasAll(screen, [head, ...says]);
  });
  expectWords(screen, row, [head, ...says]);
  const found = FOLDER === undefined ? undefined : (await findingsOf(scene)).find(({ id }) => id === finding);
  return { finding, fact: found?.facts.join(' ') ?? '', remedy: found?.remedy ?? '', ms };
}

async function doctorScreen(scene: FaultScene): Promise<string> {
  if (scene.machine === undefined) return await scene.screenOf('doctor');
  const terminal = openTerminal({ isTTY: true, columns: 80, write: () => true }, { NO_COLOR: '1' });
  return firstLines(renderDoctor(await examine(scene), terminal).join('\n'));
}

async function findingsOf(scene: FaultScene): Promise<readonly TimedFinding[]> {
  if (scene.machine !== undefined) return await examine(scene);
  return (JSON.parse(await scene.outputOf('doctor', '--json')) as { findings: TimedFinding[] }).findings;
}

/** Runs all checks in this process, on invented folders of the kernel. */
async function examine({ configPath, machine }: FaultScene): Promise<readonly TimedFinding[]> {
  const input = await readDoctorInput({
    ...{ configPath, socketPath: undefined, readConfig: readConfigText, version: VERSION },
    machine: { ...THIS_MACHINE, ...machine },
  });
  return (await Promise.all(allChecks(WITHOUT_IDENTITY).map((check) => runCheck(check, input)))).flat();
}

async function record(
  folder: string,
  scene: FaultScene,
  row: FaultRow,
  { status, doctor }: Pick<FaultResult, 'status' | 'doctor'>,
): Promise<void> {
  const { area, name } = row;
  const result: FaultResult = { area, name, status, doctor };
  mkdirSync(folder, { recursive: true });
  const port = String(scene.hub.port);
  const text = JSON.stringify(result, undefined, 1)
    .replaceAll(scene.folder, '/var/lib/holdfast')
    .replaceAll(`:${port}`, ':1883');
  writeFileSync(join(folder, `${name.replace(/\W+/g, '-')}.json`), text);
}
