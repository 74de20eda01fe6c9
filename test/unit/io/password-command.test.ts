/** Real programs that print passwords: their bounds, their environment, and their end. */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/fault.ts';
import { PASSWORD_BYTES_MAX } from '../../../src/base/password-limits.ts';
import { PasswordCommand } from '../../../src/io/password-command.ts';
import { programProblem } from '../../../src/io/program-file.ts';
import { until } from '../../e2e/until.ts';
import { scriptFolder, writeScript } from './password-script.ts';

async function printed(body: string, ...words: string[]): Promise<string> {
  const command = new PasswordCommand([writeScript(scriptFolder(), body), ...words]);
  return Buffer.from(await command.run()).toString();
}

async function faultOf(run: () => Promise<unknown> | unknown): Promise<Fault> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('no fault');
}

/** A process that has ended may still be listed until its parent has asked for its exit code. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('the output of the program', () => {
  it.each([
    ['without a line end', "printf 'a b'", 'a b'],
    ['without its last line end', 'echo key', 'key'],
    ['without a line end of Windows', "printf 'key\\r\\n'", 'key'],
    ['with all other line ends', "printf 'one\\ntwo\\n\\n'", 'one\ntwo\n'],
  ])('is the password %s', async (_, body, password) => {
    expect(await printed(body)).toBe(password);
  });

  it('may have any bytes', async () => {
    const command = new PasswordCommand([writeScript(scriptFolder(), "printf '\\000\\377\\n'")]);
    expect([...(await command.run())]).toEqual([0, 0xff]);
  });

  it.each([
    [PASSWORD_BYTES_MAX, true],
    [PASSWORD_BYTES_MAX + 1, false],
  ])('of %i bytes is accepted: %s', async (bytes, isAccepted) => {
    const command = new PasswordCommand([writeScript(scriptFolder(), `head -c ${bytes} /dev/zero; echo`)]);
    if (isAccepted) expect(await command.run()).toHaveLength(bytes);
    else expect((await faultOf(() => command.run())).message).toMatch(/ printed more than 65535 bytes$/);
  });

  it('that never ends is cut, and the program is ended', async () => {
    const command = new PasswordCommand([writeScript(scriptFolder(), 'cat /dev/zero')]);
    expect((await faultOf(() => command.run())).message).toMatch(/ printed more than 65535 bytes$/);
  });
});

describe('a run that fails', () => {
  it.each([
    ['exit code', 'echo "no network" >&2; exit 3', / failed with exit code 3; stderr: no network$/],
    ['no output', 'echo "token cache is empty" >&2', / printed no password; stderr: token cache is empty$/],
    ['an empty line', 'echo', / printed no password$/],
    ['a signal', 'kill -9 $$', / was ended by SIGKILL$/],
  ])('is a fault with code and hint: %s', async (_, body, message) => {
    const fault = await faultOf(() => printed(body));
    expect(fault).toMatchObject({ code: 'password-command', retryable: true, hint: expect.stringMatching(/by hand/) });
    expect(fault.message).toMatch(message);
  });

  it('shows the last part of a long stderr, in one line', async () => {
    const { message } = await faultOf(() => printed('seq 1 100000 >&2; printf "last\\tline\\033[1m" >&2; exit 1'));
    expect(message).toMatch(/ 99999 100000 last line \[1m$/);
    expect(message.length).toBeLessThan(500);
  });

  it.each([
    ['the password itself', 'echo S3CRET-1; echo "got S3CRET-1" >&2; exit 1'],
    ['a line of it', 'printf "S3CRET-1\\nS3CRET-2"; echo "got S3CRET-2" >&2; exit 1'],
    ['a shared access signature', 'echo "SharedAccessSignature sr=x&sig=S3CRET&se=1" >&2; exit 1'],
    ['a JSON Web Token', 'echo "eyJhbGciOiS3CRET.eyJzdWIiOjEyMzQ1.c2lnbmF0" >&2; exit 1'],
    ['an assignment', 'echo "+ password=S3CRET" >&2; exit 1'],
    ['a line that is longer than what is kept', `printf 'S3CRET%05000d' 1 >&2; exit 1`],
  ])('never shows a password that its stderr contains: %s', async (_, body) => {
    const { message, hint } = await faultOf(() => printed(body));
    expect(`${message} ${hint}`).not.toContain('S3CRET');
    expect(message).toContain('failed with exit code 1');
  });

  it('names an interpreter that does not exist', async () => {
    const path = join(scriptFolder(), 'script');
    writeFileSync(path, '#!/nowhere/sh\n', { mode: 0o755 });
    expect((await faultOf(() => new PasswordCommand([path]).run())).message).toMatch(
      /the interpreter .* does not exist$/,
    );
  });

  it('and a later one are independent', async () => {
    const folder = scriptFolder();
    const command = new PasswordCommand([writeScript(folder, `test -e ${folder}/ready && echo now || exit 4`)]);
    expect((await faultOf(() => command.run())).message).toMatch(/exit code 4/);
    writeFileSync(join(folder, 'ready'), '');
    expect(Buffer.from(await command.run()).toString()).toBe('now');
  });
});

describe('the program', () => {
  it('gets its arguments unchanged, because there is no shell', async () => {
    const folder = scriptFolder();
    const words = [`$(touch ${folder}/made)`, '`id`', '; exit 1', '*', 'a  b', '$HOME'];
    expect(await printed('printf "%s|" "$@"', ...words)).toBe(`${words.join('|')}|`);
    expect(existsSync(join(folder, 'made'))).toBe(false);
  });

  it('gets no variable of the gateway except for the folder of the credentials', async () => {
    const env = { CREDENTIALS_DIRECTORY: '/run/credentials/x', NODE_OPTIONS: '--inspect', SECRET: 's' };
    const command = new PasswordCommand([writeScript(scriptFolder(), 'env; pwd')], { env });
    const lines = Buffer.from(await command.run())
      .toString()
      .split('\n');
    const names = lines.filter((line) => line.includes('=')).map((line) => line.split('=')[0]);
    expect(names.filter((name) => name !== 'PWD' && name !== '_').toSorted()).toEqual(
      ['CREDENTIALS_DIRECTORY', 'HOME', 'LC_ALL', 'PATH'].toSorted(),
    );
    expect(lines.at(-1)).toBe('/');
  });

  it.skipIf(process.geteuid?.() !== 0)('runs as the user of the service if root asks for it', async () => {
    const folder = scriptFolder();
    const program = writeScript(folder, 'id -u; id -g; id -G');
    chmodSync(folder, 0o755);
    const command = new PasswordCommand([program], { runAs: { uid: 65_534, gid: 65_534 } });
    expect(
      Buffer.from(await command.run())
        .toString()
        .split('\n'),
    ).toEqual(['65534', '65534', '65534']);
  });

  it('runs once if it is needed twice at the same time', async () => {
    const folder = scriptFolder();
    const command = new PasswordCommand([writeScript(folder, `echo run >> ${folder}/runs; echo key`)]);
    await Promise.all([command.run(), command.run()]);
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\n');
    await command.run();
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\nrun\n');
  });

  it('is ended after its time', async () => {
    const command = new PasswordCommand([writeScript(scriptFolder(), 'sleep 1000 & wait')], { msMax: 50 });
    expect((await faultOf(() => command.run())).message).toMatch(/ did not end within 0.05 s$/);
  });

  it('is ended with its children from outside', async () => {
    const folder = scriptFolder();
    const body = `sleep 1000 & echo $! > ${folder}/pid.new; mv ${folder}/pid.new ${folder}/pid; wait`;
    const command = new PasswordCommand([writeScript(folder, body)]);
    const ended = faultOf(() => command.run());
    await until(() => existsSync(join(folder, 'pid')));
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    expect(runs(pid)).toBe(true);
    command.end();
    expect((await ended).message).toMatch(/ was ended: the gateway stops$/);
    await until(() => !runs(pid));
  });

  it('may leave no process behind, and a process that holds its output open delays nothing', async () => {
    const folder = scriptFolder();
    const body = `sleep 1000 & echo $! > ${folder}/pid; echo key`;
    const command = new PasswordCommand([writeScript(folder, body)]);
    expect(Buffer.from(await command.run()).toString()).toBe('key');
    await until(() => !runs(Number(readFileSync(join(folder, 'pid'), 'utf8'))));
  });
});

describe('a file that others can change', () => {
  it.each([0o775, 0o757, 0o777])('is rejected with mode %o, at the start and before each run', async (mode) => {
    const path = writeScript(scriptFolder(), 'echo key');
    const command = new PasswordCommand([path]);
    chmodSync(path, mode);
    const hint = `Run: sudo chmod go-w ${path}`;
    expect(await faultOf(() => command.run())).toMatchObject({ code: 'password-command', hint });
    expect(await faultOf(() => new PasswordCommand([path]))).toMatchObject({ code: 'password-command', hint });
  });

  it('is rejected if it belongs to another user, or is in a folder that others can change', () => {
    const folder = scriptFolder();
    const path = writeScript(folder, 'echo key');
    expect(programProblem(path)).toBeUndefined();
    expect(programProblem('/bin/sh', 4711), 'root may change every file').toBeUndefined();
    if (process.geteuid?.() === 0) chownSync(path, 4712, 4712);
    expect(programProblem(path, 4711)?.what).toMatch(/^belongs to user id /);
    if (process.geteuid?.() === 0) chownSync(path, 0, 0);
    chmodSync(folder, 0o777);
    expect(programProblem(path)?.what).toMatch(/^is in .*, which others can change$/);
    chmodSync(folder, 0o1777);
    expect(programProblem(path), 'only owners can exchange files of a sticky folder').toBeUndefined();
  });

  it('is judged behind its links', () => {
    const folder = scriptFolder();
    const path = writeScript(folder, 'echo key', 0o777);
    symlinkSync(path, join(folder, 'link'));
    expect(programProblem(join(folder, 'link'))?.what).toMatch(/^has mode 0777/);
  });

  it.each([
    ['missing', (folder: string) => join(folder, 'nowhere'), /^does not exist$/],
    ['below a file', (folder: string) => join(writeScript(folder, ''), 'x'), /^does not exist$/],
    ['a directory', (folder: string) => folder, /^is not a regular file$/],
    ['not executable', (folder: string) => writeScript(folder, '', 0o644), /^is not executable/],
  ])('is named with the reason if it is %s', (_, path, what) => {
    const folder = scriptFolder();
    mkdirSync(join(folder, 'inner'));
    expect(programProblem(path(join(folder, 'inner')))?.what).toMatch(what);
  });
});
