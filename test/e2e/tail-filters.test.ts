/** `holdfast tail` with filters and `holdfast mark`, on the real gateway. */
import { describe, expect, it } from 'vitest';
import { runProgram, startProgram } from './program.ts';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

interface Line {
  readonly kind: string;
  readonly name?: string;
  readonly detail?: { readonly subdevice?: string };
  readonly payload?: { readonly content: string; readonly isCut: boolean };
  readonly shown?: number;
}

function linesIn(stdout: string): Line[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

describe('tail', () => {
  it('shows the messages that the filters admit, with payloads on request, and ends with a summary', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const words = ['--json', '--config', testbed.configPath, 'tail'];
    const filtered = startProgram([
      ...words,
      ...['--subdevice', 'a', '--direction', 'up', '--format', 'text', '--payload-bytes', '4'],
    ]);
    const plain = startProgram([...words, '--event', 'message', '--event', 'operator']);
    const publish = (): void => testbed.publish(1);
    // the first message may have been accepted before the command listened
    await filtered.hasPrinted(/uplinkAccepted[\s\S]*uplinkDelivered/, publish);
    await plain.hasPrinted(/uplinkDelivered/, publish);
    await runProgram('--config', testbed.configPath, 'mark', 'replaced the cable');
    await plain.hasPrinted(/replaced the cable/, () => undefined);
    await testbed.untilIdle();
    await testbed.gateway.signal('SIGTERM');
    const [shown, other] = (await Promise.all([filtered.ended, plain.ended])).map(({ stdout }) => linesIn(stdout));
    const messages = shown?.slice(0, -1) ?? [];
    expect(messages.length).toBeGreaterThan(1);
    for (const { name, detail, payload } of messages) {
      expect(name).toMatch(/^uplink(Accepted|Delivered)$/);
      expect(detail?.subdevice).toBe('a');
      expect(payload).toMatchObject({ content: expect.stringMatching(/^n=\d+;?$/), isCut: true });
    }
    expect(shown?.at(-1)).toMatchObject({ kind: 'summary', shown: messages.length, missed: 0 });
    expect(other?.some(({ detail }) => detail?.subdevice === 'b')).toBe(true);
    expect(other?.some(({ payload }) => payload !== undefined)).toBe(false);
  });

  it.each([
    [['--topic', 'a#'], 'is no topic filter'],
    [['--event', 'hubLsot'], 'is neither an event nor a kind of events'],
    [['--direction', 'left'], 'Allowed choices are up, down'],
    [['--payload-bytes', '16385'], 'Allowed: a whole number from 1 to 16384'],
  ])('with %j is refused before the gateway is asked', async (words, text) => {
    const { code, stderr } = await runProgram('tail', ...words);
    expect(code).toBe(64);
    expect(stderr).toContain(text);
  });
});

it('tail of an unknown subdevice warns on standard error, and follows the others', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  const filters = ['--subdevice', 'a', '--subdevice', 'nosuch'];
  const tail = startProgram(['--config', testbed.configPath, 'tail', ...filters]);
  await tail.hasPrinted(/uplink/, () => testbed.publish(1));
  await testbed.untilIdle();
  await testbed.gateway.signal('SIGTERM');
  const { stderr } = await tail.ended;
  expect(stderr).toContain('No subdevice "nosuch" is known: no event of it is shown until it connects.');
  expect(stderr).not.toContain('No subdevice "a"');
});

describe('mark', () => {
  it('leaves a note of at most 160 characters in the journal', async () => {
    const testbed = await openTestbed({ subdevices: { a: {} } });
    await testbed.gateway.start();
    const note = `${'x'.repeat(159)}!`;
    expect((await runProgram('--config', testbed.configPath, 'mark', note)).code).toBe(0);
    await until(() => testbed.gateway.journal.includes(`: mark: ${note}`));
  });

  it.each([['x'.repeat(161)], ['a\u001b[2J'], [''], ['   '], ['a\u202eb'], ['two\nlines']])(
    'refuses %j',
    async (text) => {
      const { code, stderr } = await runProgram('mark', text);
      expect(code).toBe(64);
      expect(stderr).toContain('The note is refused');
    },
  );
});
