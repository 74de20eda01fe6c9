/** Commands that follow a gateway end when the reader of their output has gone, although nothing happens. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { MAIN } from './program.ts';
import { openTestbed } from './testbed.ts';

/** Commands, each with a reader of the beginning: `tail` and `trace` print nothing without traffic. */
const FOLLOWING = [
  ['events --follow', 'head -1'],
  ['--json events --follow', 'head -c 0'],
  ['tail', 'head -c 0'],
  ['trace link-a', 'head -c 0'],
  ['status --watch', 'head -1'],
] as const;

it.each(FOLLOWING)('%s ends with the reader of its pipe', async (words, reader) => {
  const testbed = await openTestbed();
  await testbed.start();
  const script = `{ "$0" "$1" --config "$2" ${words}; echo "ended with $?" >&2; } | ${reader} > /dev/null`;
  const shell = spawn('bash', ['-c', script, process.execPath, MAIN, testbed.configPath]);
  let errors = '';
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  await once(shell, 'close');
  expect(errors).toBe('ended with 0\n');
});

it('events --follow ends with the reader of a socket', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  const words = [MAIN, '--config', testbed.configPath, 'events', '--follow'];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] }); // Node uses a socket
  child.stdout.once('data', () => child.stdout.destroy());
  expect(await once(child, 'exit')).toEqual([0, null]);
});
