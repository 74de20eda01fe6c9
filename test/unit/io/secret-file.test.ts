/** Secrets from real files with real modes, and the identity of the boot. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/fault.ts';
import { readBootId } from '../../../src/io/boot.ts';
import { readSecretFile } from '../../../src/io/secret-file.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-secret-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string, mode: number): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

function faultOf(read: () => unknown): Fault {
  try {
    read();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a secret file', () => {
  it.each([
    ['key', 'key'],
    ['key\n', 'key'],
    ['key\r\n', 'key'],
    ['two\nlines\n', 'two\nlines'],
    [' spaces count \n\n', ' spaces count \n'],
  ])('is read without its last line end: %j', (text, secret) => {
    expect(readSecretFile(write('secret', text, 0o600), {})).toBe(secret);
  });

  it.each([0o640, 0o604, 0o620, 0o644, 0o666])('is rejected with mode %o, and the hint is the command', (mode) => {
    const file = write('secret', 'the-key', mode);
    const fault = faultOf(() => readSecretFile(file, {}));
    expect(fault).toMatchObject({ code: 'secret-unreadable', hint: `chmod 0600 ${file}` });
    expect(fault.message).not.toContain('the-key');
  });

  it.each([
    ['missing', () => join(directory, 'nowhere'), /does not exist/],
    ['a directory', () => directory, /is a directory/],
    ['empty', () => write('empty', '\n', 0o600), /is empty/],
    ['too large', () => write('large', 'x'.repeat(64 * 1024 + 1), 0o600), /is larger than/],
    ['relative without a credentials directory', () => 'secret', /CREDENTIALS_DIRECTORY/],
  ])('is rejected if %s', (_, file, problem) => {
    const fault = faultOf(() => readSecretFile(file(), {}));
    expect(fault.code).toBe('secret-unreadable');
    expect(fault.message).toMatch(problem);
  });

  it('is found in the credentials directory, whose modes systemd guarantees', () => {
    write('hub-secret', 'from systemd\n', 0o440);
    const env = { CREDENTIALS_DIRECTORY: directory };
    expect(readSecretFile('hub-secret', env)).toBe('from systemd');
    expect(readSecretFile(join(directory, 'hub-secret'), env)).toBe('from systemd');
  });

  it('is not a credential if its path leaves that directory', () => {
    const outside = write('outside', 'key', 0o644);
    const env = { CREDENTIALS_DIRECTORY: join(directory, 'credentials') };
    expect(faultOf(() => readSecretFile('../outside', env)).message).toContain(outside);
  });
});

describe('the identity of the boot', () => {
  const dashed = '0F3ae1c2-9b1d-4c5e-8f70-1234567890ab';
  const plain = '0f3ae1c29b1d4c5e8f701234567890ab';

  it.each([
    ['the environment, in the spelling of systemd', { HOLDFAST_BOOT_ID: plain }, ''],
    ['the kernel, when the environment says nothing', {}, `${dashed}\n`],
    ['the kernel, when the environment says nonsense', { HOLDFAST_BOOT_ID: '%b' }, `${dashed}\n`],
  ])('comes from %s', (_, env, kernelText) => {
    expect(readBootId(env, write('boot_id', kernelText, 0o444))).toBe(plain);
  });

  it('is undefined if no source has one', () => {
    expect(readBootId({}, join(directory, 'nowhere'))).toBeUndefined();
    expect(readBootId({}, write('boot_id', 'nonsense', 0o444))).toBeUndefined();
  });
});
