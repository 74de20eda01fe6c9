/** Sources of the password and its renewal: which go together, for which profiles, and what is shown of them. */
import { describe, expect, it } from 'vitest';
import { changesBetween, type LoadedConfig } from '../../../src/config/config-changes.ts';
import { valuesOf } from '../../../src/config/config-values.ts';
import { hubPatchProblems } from '../../../src/config/hub-patch.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { configOf, GENERIC, HUB, pathsOf, problemsOf, under } from './config-rig.ts';

const COMMAND = 'password_command = ["/usr/local/bin/token", "--life", "3600"]';

function loaded(lines: string): LoadedConfig {
  const parsed = parseConfig(under('[hub]', lines));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed;
}

describe('a password', () => {
  it('may be printed by a program, and be renewed', () => {
    expect(configOf(under('[hub]', `username = "u"\n${COMMAND}\npassword_renew_s = 3000`)).hub.credentials).toEqual({
      kind: 'password',
      username: 'u',
      passwordFile: undefined,
      passwordCommand: ['/usr/local/bin/token', '--life', '3600'],
      renewS: 3000,
    });
  });

  it('may be renewed from a file', () => {
    const { credentials } = configOf(under('[hub]', 'username = "u"\npassword_file = "/p"\npassword_renew_s = 10')).hub;
    expect(credentials).toMatchObject({ passwordFile: '/p', renewS: 10 });
  });

  it.each([
    ['has one source', `username = "u"\npassword_file = "/p"\n${COMMAND}`, ['hub.password_command']],
    ['needs a user name', COMMAND, ['hub.username']],
    ['all problems at once', `password_file = "/p"\n${COMMAND}`, ['hub.username', 'hub.password_command']],
    ['no source to renew', 'username = "u"\npassword_renew_s = 60', ['hub.password_renew_s']],
    ['too short', `username = "u"\n${COMMAND}\npassword_renew_s = 9`, ['hub.password_renew_s']],
    ['too long', `username = "u"\n${COMMAND}\npassword_renew_s = 1209601`, ['hub.password_renew_s']],
    [
      'shorter than two pauses between connections',
      `username = "u"\n${COMMAND}\npassword_renew_s = 39\nreconnect_floor_ms = 20000`,
      ['hub.password_renew_s'],
    ],
    ['a text instead of a list', 'username = "u"\npassword_command = "/bin/token"', ['hub.password_command']],
    ['an empty list', 'username = "u"\npassword_command = []', ['hub.password_command']],
    ['an empty argument', 'username = "u"\npassword_command = ["/bin/token", ""]', ['hub.password_command[1]']],
    ['a relative path', 'username = "u"\npassword_command = ["token"]', ['hub.password_command']],
    ['a NUL', 'username = "u"\npassword_command = ["/bin/t", "a\\u0000b"]', ['hub.password_command']],
  ])('is rejected: %s', (_, lines, paths) => {
    expect(pathsOf(under('[hub]', lines))).toEqual(paths);
  });

  it('may be renewed in twice the shortest pause between connections', () => {
    const lines = `username = "u"\n${COMMAND}\npassword_renew_s = 40\nreconnect_floor_ms = 20000`;
    expect(pathsOf(under('[hub]', lines))).toEqual([]);
  });

  it('is signed by the gateway with the profiles of the IoT hub, so both keys are rejected there, with the reason', () => {
    const problems = problemsOf(under('[hub]', `${COMMAND}\npassword_renew_s = 3000`, HUB));
    expect(problems.map(({ path }) => path)).toEqual(['hub.password_command', 'hub.password_renew_s']);
    for (const { what } of problems) expect(what).toBe('has no effect with profile "mainland"');
  });

  it('has no default source', () => {
    expect(configOf(GENERIC).hub.credentials).toEqual({ kind: 'none' });
  });
});

it('the hub can set neither the program nor the time of the renewal, also in a section that is open to it', () => {
  const patch = { hub: { password_command: ['/bin/sh', '-c', 'id'], password_renew_s: 10, keep_alive_s: 60 } };
  expect(hubPatchProblems(patch, ['hub']).map(({ path }) => path)).toEqual([
    'hub.password_command',
    'hub.password_renew_s',
  ]);
});

describe('the arguments of the program', () => {
  it('are not shown as a value, and neither is their change', () => {
    const one = loaded(`username = "u"\n${COMMAND}`);
    const other = loaded('username = "u"\npassword_command = ["/usr/local/bin/token", "S3CRET"]');
    expect(valuesOf(other.sections, 'hub', 'password_command')).toEqual([
      { place: 'hub.password_command', text: '["/usr/local/bin/token", "(1 more, not shown)"]' },
    ]);
    const changes = changesBetween(one, other);
    expect(changes).toMatchObject([{ key: 'hub.password_command', restarts: 'hub' }]);
    expect(JSON.stringify(changes)).not.toMatch(/S3CRET|3600/);
  });
});
