/** The programs of docs/tokens.md as printed there, run as the gateway runs them; their signatures are verified. */
import { spawnSync } from 'node:child_process';
import { createHmac, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { PasswordCommand } from '../../src/io/password-command.ts';
import { blocksOf } from '../document-blocks.ts';

const LIFE_S = 3600;
/** `/usr/bin/python3` may be missing on the machine of the test. */
const hasPython = spawnSync('/usr/bin/python3', ['--version']).status === 0;
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasPython || !hasOpenssl) console.warn('skipped: python3 or openssl is not installed');

function installed(language: string, beginning: string): { readonly program: string; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-programs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [, text] =
    blocksOf(language).find(([place, block]) => /tokens\.md/.test(place) && block.startsWith(beginning)) ?? [];
  if (text === undefined) throw new Error(`no ${language} program in docs/tokens.md`);
  const program = join(folder, 'program');
  writeFileSync(program, text, { mode: 0o755 });
  return { program, folder };
}

async function printed(program: string, ...words: readonly string[]): Promise<string> {
  return Buffer.from(await new PasswordCommand([program, ...words]).run()).toString();
}

it.skipIf(!hasPython)('the program for Azure prints a token with a valid signature and end', async () => {
  const { program, folder } = installed('python', '#!');
  const key = Buffer.from('key with any bytes \u0000\u00ff');
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, `${key.toString('base64')}\n`);
  const beforeS = Math.floor(Date.now() / 1000);
  const token = await printed(program, 'plant.azure-devices.net/devices/shed-3', keyFile, String(LIFE_S));
  const afterS = Math.floor(Date.now() / 1000);
  const [form = '', fields = ''] = token.split(' ');
  expect(form).toBe('SharedAccessSignature');
  const { sr = '', sig = '', se = '' } = Object.fromEntries(fields.split('&').map((field) => field.split(/=(.*)/s)));
  expect(sr).toBe('plant.azure-devices.net%2Fdevices%2Fshed-3');
  expect(decodeURIComponent(sig)).toBe(createHmac('sha256', key).update(`${sr}\n${se}`).digest('base64'));
  expect(Number(se)).toBeGreaterThanOrEqual(beforeS + LIFE_S);
  expect(Number(se)).toBeLessThanOrEqual(afterS + LIFE_S);
});

it.skipIf(!hasOpenssl)('the program for JWT prints a token with a valid signature and end', async () => {
  const { program, folder } = installed('sh', '#!');
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyFile = join(folder, 'key.pem');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const token = await printed(program, keyFile, 'plant', String(LIFE_S));
  const [head = '', claims = '', signature = ''] = token.split('.');
  expect(verify('sha256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  expect(token).toMatch(/^[\w.-]+$/);
  expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'RS256', typ: 'JWT' });
  const { iat, exp, aud } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  expect({ aud, life: exp - iat }).toEqual({ aud: 'plant', life: LIFE_S });
});
