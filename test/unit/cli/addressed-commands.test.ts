/** Commands in remedies: with the options that address the gateway of the command line, in every place that shows one. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { conditionLines } from '../../../src/cli/condition-lines.ts';
import { addressing } from '../../../src/cli/config-words.ts';
import { buildProgram } from '../../../src/cli/program.ts';
import { openTerminal } from '../../../src/cli/terminal.ts';
import { CONDITIONS } from '../../../src/ops/conditions/catalogue.ts';
import { MAIN, runProgram } from '../../e2e/program.ts';

const COMMANDS = buildProgram([], () => undefined).commands.map((command) => command.name());
const here = { configPath: '/srv/gw.toml', socketPath: undefined };

it.each([
  ['Run: sudo holdfast adopt.', 'Run: sudo holdfast --config /srv/gw.toml adopt.'],
  [
    'See holdfast config diff, then holdfast outbox release.',
    'See holdfast --config /srv/gw.toml config diff, then holdfast --config /srv/gw.toml outbox release.',
  ],
  [
    'systemctl start holdfast: the gateway of holdfast runs.',
    'systemctl start holdfast: the gateway of holdfast runs.',
  ],
  ['Run: holdfast config check /srv/gw.toml.', 'Run: holdfast config check /srv/gw.toml.'],
  ['holdfast config check examines it.', 'holdfast --config /srv/gw.toml config check examines it.'],
  ['Run: holdfast config check /srv/gw.toml-2', 'Run: holdfast --config /srv/gw.toml config check /srv/gw.toml-2'],
  ['holdfast --config /other.toml doctor', 'holdfast --config /other.toml doctor'],
])('of %j', (text, expected) => {
  expect(addressing(here, COMMANDS)?.(text)).toBe(expected);
});

it('have no options for the default configuration, and the socket if one was named', () => {
  const usual = { configPath: '/etc/holdfast/holdfast.toml', socketPath: undefined };
  expect(addressing(usual, COMMANDS)).toBeUndefined();
  const socket = addressing({ ...usual, socketPath: '/run/a b.sock' }, COMMANDS);
  expect(socket?.('holdfast status')).toBe("holdfast --socket '/run/a b.sock' status");
});

it('of every condition address the gateway', () => {
  const terminal = openTerminal({ isTTY: true, columns: 400, write: () => true }, {}, addressing(here, COMMANDS));
  const shown = Object.entries(CONDITIONS).flatMap(([, { remedy }]) =>
    conditionLines([{ code: 'hub-away', losing: 'no', forMs: 0, sentence: 'S.', hint: remedy }], terminal, 9),
  );
  const named = shown.filter((line) => new RegExp(`holdfast (--config \\S+ )?(${COMMANDS.join('|')})\\b`).test(line));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((line) => !line.includes('holdfast --config /srv/gw.toml '))).toEqual([]);
});

it('of a relative path name the file once, too', () => {
  const relative = addressing({ configPath: 'gw.toml', socketPath: undefined }, COMMANDS);
  for (const path of ['gw.toml', resolve('gw.toml')])
    expect(relative?.(`holdfast config check ${path}`)).toBe(`holdfast config check ${path}`);
});

it('of an invalid file name it once in the message of run, and once in the command', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'holdfast-')), 'gw.toml');
  writeFileSync(file, '[gatway]\n');
  const { stderr, code } = await runProgram('--config', file, 'run');
  expect(code).toBe(78);
  expect(stderr).toContain(`The configuration ${file} has problems:`);
  expect(stderr).toContain(`then run: holdfast config check ${file}`);
  expect(stderr.split(file)).toHaveLength(3);
  rmSync(dirname(file), { recursive: true });
});

it('of a fault address the gateway, in text and in JSON', async () => {
  for (const more of [[], ['--json']]) {
    const { stderr } = await runProgram('--config', '/nowhere/gw.toml', ...more, 'tail', '--topic', 'a#b');
    expect(stderr).toContain('holdfast --config /nowhere/gw.toml tail --help');
  }
});

it('are shown by one function: no other file writes an arrow', () => {
  const folder = join(MAIN, '../cli');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const arrows = files.filter((name) => /['"`] *-> /.test(readFileSync(join(folder, name), 'utf8')));
  expect(arrows).toEqual(['error-lines.ts']);
});
