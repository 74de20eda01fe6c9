/** Check of the source of the password: files and programs. The program does not run. */
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import type { CheckFinding } from '../../../src/doctor/check.ts';
import type { DoctorInput } from '../../../src/doctor/doctor-input.ts';
import { hubSecret } from '../../../src/doctor/hub-tls.ts';
import { under } from '../config/config-rig.ts';
import { scriptFolder, writeScript } from '../io/password-script.ts';
import { openInput } from './doctor-rig.ts';

async function found(command: readonly string[]): Promise<CheckFinding | undefined> {
  const text = under('[hub]', `username = "u"\npassword_command = ${JSON.stringify(command)}`);
  const parsed = parseConfig(under('[gateway]', `state_dir = "${scriptFolder()}"`, text));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const reading: DoctorInput['reading'] = { kind: 'valid', mark: 'mark', ...parsed };
  const [finding] = await hubSecret.run(openInput({}, { reading }), new AbortController().signal);
  return finding;
}

it('a program that only its owner can change is ok, and does not run', async () => {
  const folder = scriptFolder();
  const ran = join(folder, 'ran');
  const program = writeScript(folder, `touch ${ran}; echo key`);
  expect(await found([program, 'PLANTED-argument'])).toEqual({
    id: 'hub.secret',
    verdict: 'ok',
    facts: [`hub.password_command ${program} can be run, and only root and the user of the service can change it.`],
    remedy: null,
  });
  expect(existsSync(ran)).toBe(false);
});

it.each([
  ['is missing', 0o755, 'nowhere', /nowhere does not exist\.$/],
  ['cannot be run', 0o644, 'print-password', /is not executable by this user\.$/],
  ['can be changed by others', 0o777, 'print-password', /has mode 0777: others can change it\.$/],
])('a program that %s fails, with the remedy', async (_, mode, name, fact) => {
  const folder = scriptFolder();
  chmodSync(writeScript(folder, 'echo key'), mode);
  const finding = await found([join(folder, name)]);
  expect(finding).toMatchObject({ id: 'hub.secret', verdict: 'fail', facts: [expect.stringMatching(fact)] });
  expect(finding?.remedy).toMatch(/sudo chmod|^Install/);
});
