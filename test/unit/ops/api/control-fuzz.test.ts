/** Random requests to the control sockets: each gets a defined answer or a closed connection. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { refusal, startAdministration } from '../../../../src/ops/api/administration.ts';
import { ask } from '../../../../src/ops/api/control-client.ts';
import { adminSocketOf } from '../../../../src/ops/api/control-socket.ts';
import { withControl } from './control-rig.ts';

/** Defined status codes: success, error of the client, or no free connection. 500 is a defect. */
const MEANT = new Set([100, 200, 400, 404, 405, 408, 409, 413, 417, 431, 501, 503, 505]);

/** Writes the pieces and ends the connection. @returns status codes of the answers */
function exchange(socketPath: string, pieces: readonly string[]): Promise<number[]> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(socketPath);
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve([...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, code]) => Number(code))));
    for (const piece of pieces) socket.write(Buffer.from(piece, 'latin1'));
    socket.end();
  });
}

const latin1 = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 255 }), { maxLength }).map((codes) => String.fromCharCode(...codes));

const target = fc.oneof(
  fc.constantFrom('/v1/status', '/v1/ledger', '/v1/outbox', '/v1/metrics', '/v1/trace', '/', '*', '//', ''),
  fc
    .constantFrom('before', 'limit', 'after', 'of', '__proto__')
    .chain((key) =>
      fc
        .oneof(fc.constantFrom('-1', '0', '1e999', 'NaN', '9007199254740993', '%', '%00', ''), latin1(20))
        .map((value) => `/v1/${key === 'of' ? 'trace' : 'dead-letters'}?${key}=${value.replaceAll(/\s/g, '+')}`),
    ),
  latin1(200),
);
const json = fc.oneof(
  fc.constantFrom(
    '{}',
    '[]',
    'null',
    '{"__proto__":{"polluted":true}}',
    '{"names":',
    '"',
    '1e999',
    '{"letters":[1e999]}',
  ),
  fc.json({ maxDepth: 3 }),
  latin1(300),
);
const request = fc
  .record({
    method: fc.oneof(fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'CONNECT', 'OPTIONS'), latin1(8)),
    target,
    header: fc.oneof(
      fc.constantFrom('', 'Upgrade: websocket\r\nConnection: Upgrade\r\n', 'Expect: 100-continue\r\n'),
      latin1(60),
    ),
    length: fc.oneof(fc.constant(undefined), fc.constantFrom('-1', '99999999999999999999', 'x', '0')),
    body: json,
  })
  .map(({ method, target: path, header, length, body }) => {
    const bytes = length ?? String(body.length);
    return `${method} ${path} HTTP/1.1\r\nHost: holdfast\r\n${header}Content-Length: ${bytes}\r\n\r\n${body}`;
  });
const cut = (text: string, at: number): string[] => [text.slice(0, at), text.slice(at)];
const pieces = fc.oneof(
  fc.tuple(request, fc.nat(300)).map(([text, at]) => cut(text, at)),
  fc.tuple(request, fc.nat(300)).map(([text, at]) => [text.slice(0, at)]),
  fc.array(request, { maxLength: 3 }),
  latin1(500).map((text) => [text]),
);

describe('a client that sends random requests', () => {
  it('on the read-only socket gets a defined answer or none, and the next client is served', async () => {
    await withControl(async ({ socketPath }) => {
      await fc.assert(
        fc.asyncProperty(pieces, async (written) => {
          const codes = await exchange(socketPath, written);
          expect(codes.filter((code) => !MEANT.has(code))).toEqual([]);
        }),
        { numRuns: 300 },
      );
      expect((await ask(socketPath, '/v1/status')).kind).toBe('answered');
    });
  });

  it('on the administrative socket changes the gateway only with a complete command, and gets a defined answer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-fuzz-'));
    const controlSocket = join(folder, 'control.sock');
    const bodies: unknown[] = [];
    const administration = await startAdministration({
      controlSocket,
      commands: {
        'lamp.switch': async (body) => {
          bodies.push(body);
          if (typeof body.isOn !== 'boolean') throw refusal('"isOn" is missing', 'Write {"isOn": true}.');
          return {};
        },
      },
    });
    onTestFinished(async () => {
      await administration.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const order = fc.tuple(json, fc.nat(200)).map(([body, at]) => {
      const text = `POST /v1/commands/lamp.switch HTTP/1.1\r\nHost: holdfast\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      return cut(text, at);
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(order, pieces), async (written) => {
        const codes = await exchange(adminSocketOf(controlSocket), written);
        expect(codes.filter((code) => !MEANT.has(code))).toEqual([]);
      }),
      { numRuns: 300 },
    );
    for (const body of bodies) expect(Object.prototype.toString.call(body)).toBe('[object Object]');
    expect(bodies.length).toBeGreaterThan(0);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('negative control: fails if a command throws', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-fuzz-'));
    const controlSocket = join(folder, 'control.sock');
    const commands = { 'lamp.switch': (): Promise<never> => Promise.reject(new TypeError('not a function')) };
    const administration = await startAdministration({ controlSocket, commands });
    onTestFinished(async () => {
      await administration.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const text = 'POST /v1/commands/lamp.switch HTTP/1.1\r\nHost: holdfast\r\nContent-Length: 2\r\n\r\n{}';
    const codes = await exchange(adminSocketOf(controlSocket), [text]);
    expect(codes.filter((code) => !MEANT.has(code))).toEqual([500]);
  });
});
