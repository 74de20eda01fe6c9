/** `config check` on a terminal of 80 columns: no line is longer for any file and any names. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../../src/cli/config-check.ts';

const WIDTH = 80;
const LONG = 'a-name-that-is-as-long-as-a-name-may-be-and-no-longer-than-that';
const GOOD = `[gateway]\nname = "${LONG}"\n[hub]\nprofile = "generic"\nhost = "${LONG}.example.net"\n[[link]]\nname = "l"\npath = "/dev/ttyUSB0"\n[[subdevice]]\nid = "a"\n`;
const BAD = GOOD.replace('/dev/ttyUSB0', `dev/${LONG}`).replace('[hub]', `${'nonsense'.repeat(9)} = 1\n[hub]`);

/** @returns the lines that the command prints */
async function linesOf(text: string, isScreen: boolean): Promise<string[]> {
  const folder = join(mkdtempSync(join(tmpdir(), 'holdfast-check-')), LONG);
  onTestFinished(() => rmSync(join(folder, '..'), { recursive: true }));
  mkdirSync(folder);
  const configPath = join(folder, 'holdfast.toml');
  writeFileSync(configPath, text);
  const lines: string[] = [];
  const terminal = {
    isScreen,
    width: WIDTH,
    print: (line: string) => void lines.push(...line.split('\n')),
    tone: (_tone: string, words: string) => words,
  };
  await checkConfig({ terminal, configPath, socketPath: undefined, asJson: false }, configPath);
  return lines;
}

it.each([
  ['valid', GOOD],
  ['invalid', BAD],
])('shows a file that is %s', async (_what, text) => {
  const lines = await linesOf(text, true);
  expect(lines.filter((line) => line.length > WIDTH)).toEqual([]);
});

it('control: in a pipe the summary is one line, for other programs', async () => {
  const [title, summary = ''] = await linesOf(GOOD, false);
  expect([title, summary.length > WIDTH]).toEqual([expect.stringMatching(/ is valid\.$/), true]);
});

it('names the missing file of the authorities of a device server, and the missing program of passwords, with one full stop', async () => {
  const text = GOOD.replace(
    'path = "/dev/ttyUSB0"',
    'path = "tls://server:4001"\ntls_ca_file = "/nowhere/ca.pem"',
  ).replace('[[link]]', 'username = "u"\npassword_command = ["/nowhere/token"]\n[[link]]');
  const words = (await linesOf(text, false)).join('\n');
  expect(words).toContain('link[0].tls_ca_file /nowhere/ca.pem does not exist.');
  expect(words).toContain('hub.password_command cannot be used: /nowhere/token does not exist.');
  expect(words).not.toMatch(/\.\.(?!\.)/);
});

it('examines the file of the authorities of firmware servers', async () => {
  const keys = 'offer_topic = "fw/offer"\nreport_topic = "fw/report"\nca_file = "/nowhere/ca.pem"';
  const text = `${GOOD}[firmware]\nenabled = true\n${keys}\n`;
  expect((await linesOf(text, false)).join('\n')).toContain('firmware.ca_file /nowhere/ca.pem does not exist.');
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-check-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'ca.pem'), 'no certificate');
  const words = (await linesOf(text.replace('/nowhere', folder), false)).join('\n');
  expect(words).toContain(`firmware.ca_file ${join(folder, 'ca.pem')} `);
});
