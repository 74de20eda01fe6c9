/**
 * Every command that reads from the gateway, beside everything that can listen on its socket: each case has a text and a
 * code of its own, and no command shows an answer that it cannot use.
 */
import { rename, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, Fault, type FaultCode } from '../../../src/base/fault.ts';
import { buildProgram, runCommandLine } from '../../../src/cli/program.ts';
import { API_VERSION } from '../../../src/ops/api/api-version.ts';
import { ask } from '../../../src/ops/api/control-client.ts';
import { withDirectory } from '../ops/api/control-rig.ts';

/** Commands that read from the control socket, with arguments. */
const READING: readonly (readonly string[])[] = [
  ['status'],
  ['top', '--json'],
  ['ledger'],
  ['subdevices'],
  ['outbox'],
  ['conditions'],
  ['conditions', '--history'],
  ['history'],
  ['events'],
  ['links'],
  ['link', 'test', 'a'],
  ['dead-letters', 'list'],
  ['dead-letters', 'show', '1'],
  ['hub', 'subscriptions'],
  ['firmware'],
  ['explain', 'hub'],
  ['forecast'],
  ['config', 'diff'],
  ['config', 'apply'],
  ['inbox'],
  ['outbox', 'list'],
  ['outbox', 'show', '1'],
  ['outbox', 'export'],
  ['inbox', 'list'],
  ['inbox', 'show', '1'],
  ['inbox', 'export'],
  ['history'],
  ['events'],
];
/** Commands that follow a stream. */
const STREAMS: readonly (readonly string[])[] = [['tail'], ['trace', 'hub']];
/** Commands that send to the administrative socket. */
const CHANGING: readonly (readonly string[])[] = [
  ['acknowledge-gap'],
  ['acknowledge-loss'],
  ['adopt'],
  ['dead-letters', 'retry', '1'],
  ['dead-letters', 'drop', '1'],
  ['hub', 'bind', 'a'],
  ['hub', 'unbind', 'a'],
  ['hub', 'describe'],
  ['hub', 'subscriptions', 'release', 'x'],
  ['record'],
  ['subdevices', 'forget', 'a'],
  ['firmware', 'retry', 'a'],
  ['firmware', 'cancel', 'a'],
  ['backlog', 'pause', '--for', '1m'],
  ['config', 'confirm'],
  ['config', 'rollback'],
  ['backlog', 'resume'],
  ['backlog', 'rate', 'default'],
  ['mark', 'note'],
  ['outbox', 'hold', '--all'],
  ['outbox', 'release', '--all'],
  ['outbox', 'retry', '--subdevice', 'a'],
  ['outbox', 'drop', '--all', '--yes'],
  ['inbox', 'hold', '--all'],
  ['inbox', 'release', '--all'],
  ['inbox', 'retry', '--subdevice', 'a'],
  ['inbox', 'drop', '--all', '--yes'],
  ['send', 'uplink', 'a', 't', '--payload', '1'],
  ['send', 'downlink', 'a', 't', '--payload', '1'],
];
/** Commands that ask no gateway, or that report every failure in a form of their own. */
const OTHERS: readonly string[] = [
  'doctor',
  'bundle',
  'report',
  'backup',
  'restore',
  'conditions explain',
  'conditions reference',
  'ports',
  'export',
  'replay',
  'init',
  'config check',
  'config reference',
  'config explain',
  'config schema',
  'profiles list',
  'profiles check',
  'run',
  'demo',
  'bench-hub',
  'completion',
  'manual',
];

function actingCommands(command: Command, words: readonly string[] = []): string[] {
  const acts = words.length > 0 && '_actionHandler' in command && command._actionHandler !== null;
  const below = command.commands.flatMap((child) => actingCommands(child, [...words, child.name()]));
  return [...(acts ? [words.join(' ')] : []), ...below];
}

it('every command is in a table of this test', () => {
  const listed = [...READING, ...STREAMS, ...CHANGING].map((words) => words.join(' '));
  const missing = actingCommands(buildProgram([], () => undefined)).filter(
    (name) => !OTHERS.includes(name) && !listed.some((words) => words === name || words.startsWith(`${name} `)),
  );
  expect(missing, 'Add each to READING, STREAMS, CHANGING or OTHERS of test/unit/cli/reading-commands.test.ts').toEqual(
    [],
  );
});

interface Answer {
  readonly status?: string;
  /** Value of the header with the version of the API; `null`: no header. */
  readonly api?: string | null;
  readonly body: string;
  /** Bytes that the answer announces, if it is cut. */
  readonly announced?: number;
}

function textOf({ status = '200 OK', api = String(API_VERSION), body, announced }: Answer): string {
  const header = api === null ? '' : `holdfast-api: ${api}\r\n`;
  return `HTTP/1.1 ${status}\r\n${header}content-length: ${announced ?? Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}

const REFUSAL: Answer = { status: '404 Not Found', body: '{"error":"The paths are /v1/status."}' };

/** A gateway that refuses `/`, as each gateway does, and answers other requests like this. */
function gateway(answer: Answer | ((socket: Socket) => void)): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', (bytes) => {
      if (bytes.toString().includes(' / HTTP')) socket.end(textOf(REFUSAL));
      else if (typeof answer === 'function') answer(socket);
      else socket.end(textOf(answer));
    });
  };
}

/** A program that answers every request like this. */
const program = (answer: Answer) => (socket: Socket) => {
  socket.once('data', () => socket.end(textOf(answer)));
};

/** Writes as long as the other end reads. */
function writeForEver(socket: Socket): void {
  socket.write(`HTTP/1.1 200 OK\r\nholdfast-api: ${API_VERSION}\r\nconnection: close\r\n\r\n`);
  const piece = 'x'.repeat(1_048_576);
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
    if (!socket.destroyed) socket.once('drain', more);
  };
  more();
}

interface Case {
  readonly what: string;
  readonly serve: (socket: Socket) => void;
  readonly code: FaultCode;
  readonly says: RegExp;
  /** True if the case takes long, so that it is tried with two commands and the streams. */
  readonly isSlow?: true;
  /** Outcome of a stream, if it differs; `null`: not for streams. */
  readonly stream?: readonly [FaultCode, RegExp] | null;
}

const CASES: readonly Case[] = [
  {
    what: 'a server that sends a greeting',
    serve: (socket) => void socket.write('220 mail ready\r\n'),
    code: 'not-a-gateway',
    says: /does not speak HTTP/,
  },
  {
    what: 'a program that closes at once',
    serve: (socket) => void socket.destroy(),
    code: 'not-a-gateway',
    says: /closes the connection without an answer/,
  },
  {
    what: 'a web server',
    serve: program({ api: null, body: '<html>It works!</html>' }),
    code: 'not-a-gateway',
    says: /its answer cannot be used: it is not valid JSON/,
  },
  {
    what: 'a server with other JSON',
    serve: program({ api: null, body: '{"status":{"ok":true}}' }),
    code: 'not-a-gateway',
    says: /does not answer like one/,
  },
  {
    what: 'a server whose error is an object',
    serve: program({ api: null, body: '{"error":{"code":5}}', status: '500 Oops' }),
    code: 'not-a-gateway',
    says: /does not answer like one/,
  },
  {
    what: 'a gateway from before the API had a version',
    serve: program({ ...REFUSAL, api: null }),
    code: 'wrong-version',
    says: /^(?!.*another version).*names no version of the control API: it may be another program or an older gateway/,
  },
  {
    what: 'an older gateway',
    serve: program({ ...REFUSAL, api: String(API_VERSION - 1) }),
    code: 'wrong-version',
    says: /it is an older gateway: it speaks version 0/,
  },
  {
    what: 'a newer gateway',
    serve: program({ ...REFUSAL, api: String(API_VERSION + 1) }),
    code: 'wrong-version',
    says: /it is a newer gateway: it speaks version 2 of the control API, this holdfast version 1/,
  },
  {
    what: 'a gateway with a version that is not a number',
    serve: program({ ...REFUSAL, api: 'one' }),
    code: 'wrong-version',
    says: /not a number/,
  },
  {
    what: 'a gateway that does not know the request',
    serve: gateway(REFUSAL),
    code: 'wrong-version',
    says: /it is an older gateway: it does not know /,
    stream: null,
  },
  {
    what: 'a gateway whose answer has another form',
    serve: gateway({ body: '{"process":{"version":"0.0.7"}}\n' }),
    code: 'wrong-version',
    says: /it is holdfast 0\.0\.7, and its answer to .* has another form/,
    stream: ['answer-damaged', /a line of the tail is invalid|cannot be decoded|The answer/],
  },
  {
    what: 'an answer that is cut',
    serve: gateway({ body: '{"losing":"no","sen', announced: 900 }),
    code: 'answer-damaged',
    says: /it ends after 19 bytes, before its end/,
    stream: ['not-running', /has stopped or was killed/],
  },
  {
    what: 'an answer that is not JSON',
    serve: gateway({ body: '{"losing": no}\n' }),
    code: 'answer-damaged',
    says: /it is not valid JSON/,
    stream: ['answer-damaged', /a line of the tail is invalid|cannot be decoded/],
  },
  {
    what: 'an answer without end',
    serve: gateway(writeForEver),
    code: 'answer-damaged',
    says: /it is larger than 32768 KiB/,
    isSlow: true,
    stream: ['answer-damaged', /it is incomplete/],
  },
  {
    what: 'a process that accepts and never answers',
    serve: () => undefined,
    code: 'not-answering',
    says: /accepts connections but sends no answer/,
  },
];

/** Runs one command in this process. @returns its fault */
async function faultOf(words: readonly string[], socketPath: string): Promise<Fault> {
  try {
    const code = await runCommandLine([...words, '--socket', socketPath]);
    throw new Error(`${words.join(' ')} ended with ${code}`);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

async function withSocket(serve: (socket: Socket) => void, use: (path: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket.on('error', () => undefined).on('close', () => open.delete(socket)));
      serve(socket);
    });
    const path = join(directory, 'control.sock');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      await use(path);
    } finally {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

describe('with another program, another version or a damaged answer on the socket', () => {
  it.each(CASES)('$what: each reading command says so', async ({ serve, code, says, isSlow, stream }) => {
    await withSocket(serve, async (path) => {
      await Promise.all([
        ...READING.slice(0, isSlow ? 2 : READING.length).map(async (words) =>
          expectFault(words, await faultOf(words, path), code, says),
        ),
        ...(stream === null ? [] : STREAMS).map(async (words) =>
          expectFault(words, await faultOf(words, path), ...(stream ?? ([code, says] as const))),
        ),
      ]);
    });
  });

  it('no two kinds of case have the same code and text', () => {
    const seen = CASES.map(({ code, says }) => `${code} ${says.source}`);
    expect(new Set(seen).size).toBe(CASES.length - 1); // two servers that do not answer like a gateway
  });

  it.each(CASES.filter(({ what }) => !/another form|without end/.test(what)))(
    '$what: each changing command says so',
    async ({ serve, code, says }) => {
      await withDirectory(async () => {
        await withSocket(serve, async (path) => {
          // some commands read before they change something
          await symlink(path, path.replace('.sock', '-admin.sock'));
          await Promise.all(CHANGING.map(async (words) => expectFault(words, await faultOf(words, path), code, says)));
        });
      });
    },
  );
});

function expectFault(words: readonly string[], fault: Fault, code: FaultCode, says: RegExp): void {
  expect({ words, code: fault.code, message: fault.message }).toEqual({
    words,
    code,
    message: expect.stringMatching(says),
  });
  expect(fault.hint).toMatch(/\w+/);
}

describe('without a listener', () => {
  it('a socket that does not exist, and one that a dead process left, have different texts in each command', async () => {
    await withDirectory(async (directory) => {
      const gone = join(directory, 'gone.sock');
      const stale = join(directory, 'stale.sock');
      await leaveStaleSocket(stale);
      for (const words of [...READING, ...STREAMS]) {
        expectFault(words, await faultOf(words, gone), 'not-running', /gone\.sock does not exist/);
        expectFault(words, await faultOf(words, stale), 'not-running', /a process that has ended left behind/);
      }
    });
  });

  it('a file in place of the socket is a usage error', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'file');
      await writeFile(path, '');
      for (const words of READING) expectFault(words, await faultOf(words, path), 'usage', /is a file, not a socket/);
    });
  });
});

async function leaveStaleSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.born`, resolve));
  await rename(`${path}.born`, path);
  await new Promise((resolve) => server.close(resolve));
}

it('an answer that begins and is not completed is reported at its deadline, with the process', async () => {
  const begin = (socket: Socket) => void socket.write(textOf({ body: '{"losing"', announced: 900 }));
  await withSocket(gateway(begin), async (path) => {
    const asked = await ask(path, '/v1/status', '', 1000, 500);
    expect(asked).toMatchObject({
      kind: 'stalled',
      fault: { code: 'not-answering', message: expect.stringMatching(/does not complete its answer in time/) },
    });
    expect(asked).toMatchObject({ fault: { hint: expect.stringContaining(`Process ${process.pid} `) } });
  });
});

it('each kind of case has an exit code by its remedy', () => {
  const codes = ['not-running', 'not-answering', 'not-a-gateway', 'wrong-version', 'answer-damaged', 'not-permitted'];
  expect(codes.map((code) => exitCodeOf(code as FaultCode))).toEqual([69, 69, 76, 76, 76, 77]);
});
