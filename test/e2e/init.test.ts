/** `holdfast init` on a real terminal and with options: a valid file, and a secret in a file of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openPty } from '../../src/bench/pty.ts';
import { MAIN, runProgram } from './program.ts';
import { Recorder, until } from './recorder.ts';

const SECRET = 'bm90IHRvIGJlIHNob3du';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-init-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A device that sends lines of text until the test ends. */
async function openTalker(): Promise<string> {
  const pty = await openPty();
  const listener = new Recorder();
  const channel = pty.open(listener);
  await listener.untilOpen();
  const talking = setInterval(() => channel.write(new TextEncoder().encode('temperature 21.5 C\n')), 20);
  onTestFinished(async () => {
    clearInterval(talking);
    await pty.hangUp();
  });
  return pty.path;
}

type Exchange = readonly [question: string, answer: string];
const CTRL_C = '\u0003';

/** Runs `holdfast init` on a terminal, and answers each question when it is on the screen. */
async function converse(words: readonly string[], exchanges: readonly Exchange[]) {
  const pty = await openPty({ queuedBytesMax: 1_000_000 });
  const screen = new Recorder();
  const keys = pty.open(screen);
  await screen.untilOpen();
  const terminal = openSync(pty.path, 'r+');
  const child = spawn(process.execPath, [MAIN, 'init', ...words], {
    stdio: [terminal, terminal, terminal],
    env: { ...process.env, LANG: 'C.UTF-8', COLUMNS: '400' },
  });
  closeSync(terminal);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await pty.hangUp();
  });
  const ended = once(child, 'exit');
  let seen = 0;
  for (const [question, answer] of exchanges) {
    await until(() => screen.received.toString().indexOf(question, seen) >= 0);
    seen = screen.received.toString().indexOf(question, seen) + question.length;
    keys.write(new TextEncoder().encode(answer === CTRL_C ? answer : `${answer}\r`));
  }
  const [code] = await ended;
  return { code: code as number | null, text: screen.received.toString() };
}

it('asks on a terminal, proposes the driver of what it receives, and keeps the secret out of the file and the screen', async () => {
  const output = join(newFolder(), 'holdfast.toml');
  const port = await openTalker();
  const { code, text: shown } = await converse(
    ['--output', output, '--port', port, '--listen', '1s'],
    [
      ['Name of the gateway', 'gw-7'],
      ['Type of hub', 'mainland'],
      ['Host name or address of the hub', 'not a host'],
      ['Allowed: host name or address', 'mqtt://hub.example.net:1884'],
      ['The host is hub.example.net', ''],
      ['TCP port of the hub [1884]', ''],
      ['Product id of the gateway', 'ABCDEFGHIJ'],
      ['Device name of the gateway', 'gw-07'],
      ['The device secret', SECRET],
      ['[lines]', ''],
      ['Bits per second', '9600'],
      ['Id of the first subdevice', 'meter-1'],
      ['Product id of the first', 'KLMNOPQRST'],
      ['Device name of the first', 'meter-01'],
    ],
  );
  expect(code).toBe(0);
  const text = readFileSync(output, 'utf8');
  const secretFile = join(output, '../hub-secret');
  expect(readFileSync(secretFile, 'utf8')).toBe(`${SECRET}\n`);
  expect([output, secretFile].map((path) => statSync(path).mode & 0o777)).toEqual([0o644, 0o600]);
  expect(text).toContain('host = "hub.example.net"');
  expect(text).toContain('port = 1884');
  expect(text).not.toContain(SECRET);
  expect(shown).not.toContain(SECRET);
  expect(shown).toContain('look like lines of text');
  expect(shown).toContain(`holdfast run --config ${output}`);
  expect((await runProgram('config', 'check', output)).code).toBe(0);
});

it('asks again, with the answers so far, if they do not fit together; uses a secret that exists', async () => {
  const folder = newFolder();
  const output = join(folder, 'holdfast.toml');
  writeFileSync(join(folder, 'hub-secret'), SECRET, { mode: 0o600 });
  const words = ['--output', output, '--port', '/dev/ttyNONE', '--profile', 'intl', '--host', 'hub.example.net'];
  const given = ['--tls', '--hub-port', '8883', '--driver', 'mqttsn', '--baud-rate', '9600'];
  const { code, text } = await converse(
    [...words, ...given],
    [
      ['Name of the gateway', 'gw-7'],
      ['Product id of the gateway', 'ABCDEFGHIJ'],
      ['Device name of the gateway', 'one'],
      ['hub-secret exists already', 'yes'],
      ['Id of the first subdevice', ''],
      ['Product id of the first', 'ABCDEFGHIJ'],
      ['Device name of the first', 'one'],
      ['do not fit together', ''], // the name of the gateway
      ['Product id of the gateway', ''],
      ['Device name of the gateway', ''],
      ['hub-secret exists already', ''],
      ['Id of the first subdevice', ''],
      ['Product id of the first', ''],
      ['Device name of the first', 'two'],
    ],
  );
  expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('Port /dev/ttyNONE cannot be used now') });
  expect(readFileSync(output, 'utf8')).toContain('name = "gw-7"');
  expect(readFileSync(join(folder, 'hub-secret'), 'utf8')).toBe(SECRET);
  expect((await runProgram('config', 'check', output)).code).toBe(0);
});

it('ends at Ctrl-C without a file, on a line of its own', async () => {
  const output = join(newFolder(), 'holdfast.toml');
  const { code, text } = await converse(
    ['--output', output, '--port', '/dev/ttyNONE'],
    [
      ['Name of the gateway', 'gw-7'],
      ['Type of hub', CTRL_C],
    ],
  );
  expect({ code, text }).toEqual({
    code: 130,
    text: expect.stringMatching(/\nInterrupted\. Nothing was written\.\r?\n$/),
  });
  expect(() => statSync(output)).toThrow('ENOENT');
});

it.each([
  [['--secret-file', '/tmp/none'], '--secret-file has no effect without --username'],
  [['--subdevice', 'm1=P/D'], '--subdevice m1=P/D has no effect with profile generic'],
  [['--subdevice', 'm1=P'], '--subdevice m1=P is not valid'],
  [['--subdevice', 'm1', '--subdevice', 'm2'], '--subdevice is given 2 times for 1 port'],
  [['--product-id', 'P'], '--product-id has no effect with profile generic'],
  [['--host', 'mqtts://hub.example.net:8884'], '--host hub.example.net --hub-port 8884 --tls'],
] as const)('rejects options that would have no effect: %j', async (words, message) => {
  const output = join(newFolder(), 'holdfast.toml');
  const common = ['--output', output, '--host', 'hub.example.net', '--port', '/dev/ttyNONE', '--listen', '0s'];
  const { code, stderr } = await runProgram('init', ...common, ...words);
  expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining(message) });
  expect(() => statSync(output)).toThrow('ENOENT');
});

it('reports a missing folder before it asks', async () => {
  const folder = join(newFolder(), 'none');
  const { code, stderr } = await runProgram('init', '--output', join(folder, 'holdfast.toml'));
  expect({ code, stderr }).toEqual({
    code: 64,
    stderr: expect.stringContaining(`the folder ${folder} does not exist`),
  });
});

it('takes the answers as options, and never replaces a file', async () => {
  const output = join(newFolder(), 'holdfast.toml');
  const words = [
    '--json',
    'init',
    '--output',
    output,
    '--host',
    'hub.example.net',
    '--port',
    '/dev/ttyNONE',
    '--listen',
    '0s',
  ];
  const written = await runProgram(...words);
  expect({ code: written.code, ...JSON.parse(written.stdout) }).toMatchObject({
    code: 0,
    path: output,
    secretFile: null,
  });
  expect((await runProgram('config', 'check', output)).code).toBe(0);
  const text = readFileSync(output, 'utf8');
  const again = await runProgram(...words);
  expect(again.code).toBe(64);
  expect(JSON.parse(again.stderr).error.message).toContain('exists already');
  expect(readFileSync(output, 'utf8')).toBe(text);
});

it('names what is missing if there is no terminal', async () => {
  const output = join(newFolder(), 'holdfast.toml');
  const { code, stderr } = await runProgram('init', '--output', output, '--port', '/dev/ttyNONE', '--listen', '0s');
  expect(code).toBe(64);
  expect(stderr).toContain('Host name or address of the hub: there is no answer');
  expect(() => statSync(output)).toThrow('ENOENT');
});

it.skipIf(process.geteuid?.() !== 0)(
  'as root, config check reports a secret that the user of the service may not read',
  async () => {
    const folder = newFolder();
    chmodSync(folder, 0o755);
    const [output, secret, stateDir] = ['holdfast.toml', 'hub-secret', 'state'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(secret, 'secret', { mode: 0o600 });
    mkdirSync(stateDir);
    const user = 64_000;
    chownSync(stateDir, user, user);
    const words = ['--host', 'hub.example.net', '--username', 'gw', '--secret-file', secret, '--port', '/dev/ttyNONE'];
    await runProgram('init', '--output', output, '--listen', '0s', ...words);
    const text = readFileSync(output, 'utf8').replace('[gateway]', `[gateway]\nstate_dir = "${stateDir}"`);
    writeFileSync(output, text);
    const { code, stdout } = await runProgram('config', 'check', output);
    expect({ code, stdout }).toEqual({
      code: 78,
      stdout: expect.stringContaining('sudo chown 64000 '),
    });
    chownSync(secret, user, user);
    expect((await runProgram('config', 'check', output)).code).toBe(0);
  },
);

it('warns of a secret that config check rejects because others may read it, and of no other one', async () => {
  const folder = newFolder();
  const secret = join(folder, 'secret');
  const init = (name: string) =>
    runProgram(
      ...['init', '--output', join(folder, name), '--listen', '0s', '--host', 'hub.example.net', '--driver', 'mqttsn'],
      ...['--port', '/dev/null', '--username', 'gw', '--secret-file', secret],
    );
  writeFileSync(secret, 'secret', { mode: 0o644 });
  expect((await init('open.toml')).stderr).toMatch(
    /others may read or change it\n {2}-> Before the gateway starts: chmod 0600/,
  );
  chmodSync(secret, 0o600);
  expect((await init('closed.toml')).stderr).not.toContain('secret');
});
