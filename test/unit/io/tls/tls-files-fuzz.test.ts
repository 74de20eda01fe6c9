/**
 * TLS files with any content: truncated, swapped, of another kind, altered. Never a throw, and always a problem that
 * names the file.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../../../../src/bench/certificates.ts';
import { readTlsFiles } from '../../../../src/io/tls/tls-files.ts';

const authority = new Authority('Bench Authority');
const client = authority.issue({ commonName: 'gw' });
const other = authority.issue({ commonName: 'other' });
const GOOD = { ca: authority.certificate, certificate: client.certificate, key: client.key };
type Files = typeof GOOD;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(files: { readonly [Name in keyof Files]: string | Uint8Array }): ReturnType<typeof readTlsFiles> {
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content);
    chmodSync(join(folder, name), 0o600);
  }
  const paths = { certificateFile: join(folder, 'certificate'), keyFile: join(folder, 'key') };
  return readTlsFiles({ caFile: join(folder, 'ca'), client: paths });
}

const NAMES = ['ca', 'certificate', 'key'] as const;

describe('files of TLS', () => {
  it('that are valid have no problem', () => {
    expect(read(GOOD).problems).toEqual([]);
  });

  it.each<[string, Partial<Record<keyof Files, string | Uint8Array>>, string]>([
    ['a key in place of the authorities', { ca: GOOD.key }, 'ca'],
    ['a key in place of the certificate', { certificate: GOOD.key }, 'certificate'],
    ['a certificate in place of the key', { key: GOOD.certificate }, 'key'],
    ['the key of another certificate', { key: other.key }, 'key'],
    ['an empty file', { certificate: '' }, 'certificate'],
    ['a file that is too large', { ca: Buffer.alloc(2_000_000, GOOD.ca) }, 'ca'],
    ['a key that is too large', { key: Buffer.alloc(2_000_000, GOOD.key) }, 'key'],
  ])('with %s have a problem of that file', (_, changed, file) => {
    expect(read({ ...GOOD, ...changed }).problems.map((problem) => problem.file)).toContain(file);
  });

  it('of any content never throw, and a truncated one is reported', () => {
    const change = fc.record({ name: fc.constantFrom(...NAMES), at: fc.nat(2000), text: fc.string({ maxLength: 30 }) });
    fc.assert(
      fc.property(change, fc.boolean(), ({ name, at, text }, isCut) => {
        const whole = GOOD[name];
        const place = at % (whole.length - 40); // Within the end of the last line.
        const content = isCut ? whole.slice(0, place) : whole.slice(0, place) + text + whole.slice(place + text.length);
        const { problems } = read({ ...GOOD, [name]: content });
        if (isCut) expect(problems.map((problem) => problem.file)).toContain(name);
        for (const { what, hint } of problems) expect([what === '', hint === '']).toEqual([false, false]);
      }),
      { numRuns: 300 },
    );
  });
});
