/** `holdfast hub …` as a process, against fixed answers behind the real administrative socket. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AdminCommands, refusal, startAdministration } from '../../../src/ops/api/administration.ts';
import { withDirectory } from '../ops/api/control-rig.ts';

/** Time limit of a process. Only a process that hangs takes longer, also on a loaded machine. */
const PROCESS_MS_MAX = 300_000;

const DONE = { subdevice: 'meter-1', hubIdentity: 'P/a', done: true, code: 0, sentence: 'done', remedy: null };
const REFUSED = {
  ...{ subdevice: 'meter-2', hubIdentity: 'P/b', done: false, code: 803 },
  ...{ sentence: 'the signature is wrong', remedy: 'Compare the secrets.' },
};

const COMMANDS: AdminCommands = {
  'hub.bind': async ({ subdevices }) => ({
    outcomes: [DONE, REFUSED].filter(({ subdevice }) => Array.isArray(subdevices) && subdevices.includes(subdevice)),
  }),
  'hub.unbind': () => Promise.reject(refusal('The hub is not connected', 'Try again later.')),
  'hub.describe': async () => ({
    answered: true,
    bindings: [
      { subdevice: 'meter-1', hubIdentity: 'P/a', binding: 'bound', sentence: null, remedy: null, forMs: null },
      {
        ...{ subdevice: 'meter-2', hubIdentity: 'P/b', binding: 'unbound', forMs: 5000 },
        ...{ sentence: 'it was unbound at the hub', remedy: 'Bind it: holdfast hub bind meter-2.' },
      },
    ],
    unconfiguredDevices: ['P/old'],
  }),
};

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function hub(...words: string[]): Promise<Ended> {
  const ended: Ended[] = [];
  await withDirectory(async (directory) => {
    const controlSocket = join(directory, 'control.sock');
    const administration = await startAdministration({ controlSocket, commands: COMMANDS });
    const { promise, resolve } = Promise.withResolvers<Ended>();
    execFile(
      process.execPath,
      ['src/main.ts', '--socket', controlSocket, 'hub', ...words],
      { timeout: PROCESS_MS_MAX },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
    ended.push(await promise);
    await administration.close();
  });
  const [first] = ended;
  if (first === undefined) throw new Error('the command did not end');
  return first;
}

describe.concurrent('holdfast hub', { timeout: PROCESS_MS_MAX }, () => {
  it('bind prints the outcome, and exits 0 on success', async () => {
    const { code, out } = await hub('bind', 'meter-1');
    expect(code).toBe(0);
    expect(out).toMatch(/^meter-1 +P\/a +done$/m);
  });

  it('bind exits 1 if the hub rejects a subdevice, with the sentence and the remedy', async () => {
    const { code, out } = await hub('bind', 'meter-1', 'meter-2');
    expect(code).toBe(1);
    expect(out).toMatch(/^meter-2 +P\/b +NOT DONE: the signature is wrong$/m);
    expect(out).toMatch(/^ {2}-> meter-2: Compare the secrets\.$/m);
  });

  it('bind --json prints the answer of the gateway', async () => {
    const { code, out } = await hub('bind', 'meter-2', '--json');
    expect({ code, answer: JSON.parse(out) }).toEqual({
      code: 1,
      answer: { schema: 'holdfast/hub-bindings-changed/1', outcomes: [REFUSED] },
    });
  });

  it('unbind exits 1 with the reason if the gateway rejects the command', async () => {
    const { code, err } = await hub('unbind', 'meter-1');
    expect({ code, err }).toEqual({
      code: 1,
      err: 'holdfast: The hub is not connected\n  -> Try again later.\n',
    });
  });

  it('describe lists configured and unconfigured subdevices, and what to do', async () => {
    const { code, out } = await hub('describe');
    expect(code).toBe(0);
    expect(out).toMatch(/^meter-1 +P\/a +bound$/m);
    expect(out).toMatch(/^meter-2 +P\/b +unbound: it was unbound at the hub$/m);
    expect(out).toMatch(/^\(not configured\) +P\/old +bound$/m);
    expect(out).toMatch(/^ {2}-> meter-2: Bind it: holdfast( --\S+ \S+)+ hub bind meter-2\.$/m);
  });

  it('bind without a subdevice is a usage error', async () => {
    expect((await hub('bind')).code).toBe(64);
  });
});
