/** Help, completion and manual come from one table, and are understood by bash and groff. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allNodes, type CommandNode, treeOf } from '../../../../src/cli/help/command-tree.ts';
import { completionScript, SHELLS } from '../../../../src/cli/help/completion-scripts.ts';
import { EXAMPLES, FIRST_COMMANDS } from '../../../../src/cli/help/examples.ts';
import { manualPage } from '../../../../src/cli/help/manual-page.ts';
import { buildProgram, runCommandLine } from '../../../../src/cli/program.ts';

const program = treeOf(buildProgram([], () => undefined));
const nodes = allNodes(program);
const nameOf = ({ words }: CommandNode): string => words.join(' ');
const isOwn = ({ words, children }: CommandNode): boolean => words.length > 0 && children.length === 0;

it('each command has examples that begin with it, and no example is of an unknown command', () => {
  expect(nodes.filter((node) => isOwn(node) && node.examples.length === 0).map(nameOf)).toEqual([]);
  const names = nodes.map(nameOf);
  for (const [name, examples] of Object.entries(EXAMPLES)) {
    expect(names).toContain(name);
    for (const example of examples) expect(example.replace(/^sudo /, '')).toMatch(new RegExp(`^holdfast ${name}\\b`));
  }
});

it('the first screen names commands that exist', () => {
  expect(FIRST_COMMANDS).toHaveLength(10);
  for (const [command] of FIRST_COMMANDS)
    expect(nodes.map(nameOf)).toContain(command.replace(/^holdfast | [A-Z]+$/g, ''));
});

/** Words that bash offers for a command line; the last word is the one to be completed. */
function offered(...line: readonly string[]): string[] {
  // compopt works only while bash completes
  const script = `compopt() { :; }
${completionScript('bash', program)}
COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}; _holdfast; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion in bash', () => {
  it.each([
    [['holdfast', 'sta'], ['status']],
    [['holdfast', 'status', '--wa'], ['--watch']],
    [['holdfast', 'hub', 'subscriptions', 'rel'], ['release']],
    [['holdfast', '--json', 'link', 't'], ['test']],
    [['holdfast', 'bench-hub', '--profile', 'main'], ['mainland']],
    [
      ['holdfast', 'completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['holdfast', 'completion', 'z'], ['zsh']],
    [
      ['holdfast', '--config', '/etc/host'],
      ['/etc/hostname', '/etc/hosts'],
    ],
  ])('of %j offers %j', (line, words) => {
    expect(offered(...line)).toEqual(expect.arrayContaining(words));
  });

  it('offers all commands for an empty word', () => {
    expect(offered('holdfast', '')).toEqual(program.children.map(({ words }) => words.at(-1)));
  });
});

it.each(SHELLS.filter((shell) => existsSync(`/usr/bin/${shell}`)))('the script for %s has no syntax error', (shell) => {
  const flag = shell === 'fish' ? '--no-execute' : '-n';
  const { stderr, status } = spawnSync(shell, [flag], { input: completionScript(shell, program), encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
});

it.each(SHELLS)('the script for %s contains every command', (shell) => {
  const script = completionScript(shell, program);
  for (const node of nodes) for (const word of node.words) expect(script).toContain(word);
});

it('the manual contains every command, and groff has no complaint', () => {
  const page = manualPage(program, '1.2.3', [['Files', '.begins with a dot, and has a back\\slash']]);
  for (const node of nodes.filter(isOwn)) expect(page).toContain(`.SS "${nameOf(node).replaceAll('-', '\\-')}`);
  const found = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-z'], { input: page, encoding: 'utf8' });
  if (found.error !== undefined) return; // groff is not installed here
  expect(found.stderr).toBe('');
});

it.each([
  [['config', 'explain'], 'holdfast config explain --help'],
  [['config', 'apply', '--confirm', '5'], 'holdfast config apply --help'],
  [['explain'], 'holdfast explain --help'],
  [['config', 'nonsense'], 'holdfast config --help'],
  [['nonsense'], 'holdfast --help'],
])('a wrong use of %j names the help of that command', async (words, help) => {
  await expect(runCommandLine(words)).rejects.toMatchObject({ hint: expect.stringContaining(`${help} lists`) });
});
