/** Downloads from a real HTTPS server: whole, resumed, of other versions, and every answer that is no image. */
import crypto from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FetchOutcome } from '../../../../src/base/firmware.ts';
import { HttpProxy } from '../../../e2e/http-proxy.ts';
import { HOST, TlsFolder } from '../../../e2e/tls-rig.ts';
import { until } from '../../../e2e/until.ts';
import {
  completeOf,
  digestOf,
  fetched,
  ImageServer,
  imageOf,
  KIB,
  openStorage,
  readOf,
  type StoragePlan,
  temporaryFolder,
} from './image-server.ts';

const IMAGE = imageOf(700 * KIB);
const DIGEST = digestOf(IMAGE, true);

async function scene(plan: StoragePlan = {}, image = IMAGE) {
  const server = await ImageServer.open(image);
  const folder = temporaryFolder();
  const storage = openStorage(folder, plan.caFile ?? server.tls.caFile, plan);
  return { server, folder, storage };
}

/** Downloads until the server stops, and cancels then. The last bytes are stored. */
async function interruptAt(offset: number, plan: StoragePlan = {}) {
  const found = await scene(plan);
  const { server, storage } = found;
  server.stopAt = offset;
  const cancel = storage.fetch(DIGEST, server.url, () => expect.unreachable());
  await until(() => storage.bytesOf(DIGEST) >= Math.floor(offset / (256 * KIB)) * 256 * KIB && server.sent >= offset);
  cancel();
  server.stopAt = Number.POSITIVE_INFINITY;
  return found;
}

function failed(kind: string, again: string, reason: RegExp): FetchOutcome {
  return { kind: 'failed', failure: { kind, reason: expect.stringMatching(reason) }, again } as FetchOutcome;
}

describe('a download', () => {
  it('gives the image, its CRC-32 and one file', async () => {
    const { server, storage, folder } = await scene();
    expect([storage.find(DIGEST), storage.bytesOf(DIGEST)]).toEqual([undefined, 0]);
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(storage.find(DIGEST)).toBe((completeOf(IMAGE) as { crc32: number }).crc32);
    expect(storage.bytesOf(DIGEST)).toBe(IMAGE.length);
    expect(Buffer.from((await readOf(storage, DIGEST, 600 * KIB)) ?? [])).toEqual(IMAGE.subarray(600 * KIB, 664 * KIB));
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/\.image$/)]);
    expect(server.requests[0]?.range).toBeUndefined();
    const head = server.requests[0]?.head.join(' ') ?? '';
    expect(head).toContain('Accept-Encoding identity');
    expect(head).not.toMatch(/cookie|authorization/i);
  });

  it('of an image that is there already sends no request, for each subdevice with this digest', async () => {
    const { server, storage, folder } = await scene();
    await fetched(storage, DIGEST, server.url);
    expect(await fetched(storage, { ...DIGEST }, `${server.url}&other`)).toEqual(completeOf(IMAGE));
    const next = openStorage(folder, server.tls.caFile);
    expect(next.find(DIGEST)).toBe(storage.find(DIGEST));
    expect(await fetched(next, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(server.requests.length).toBe(1);
  });

  it('continues after the bytes that are stored, with the entity tag', async () => {
    const { server, storage, folder } = await interruptAt(600 * KIB);
    await until(() => storage.bytesOf(DIGEST) >= 512 * KIB);
    const next = openStorage(folder, server.tls.caFile);
    expect(next.bytesOf(DIGEST)).toBeGreaterThanOrEqual(512 * KIB);
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(server.starts[1]).toBeGreaterThanOrEqual(512 * KIB);
    expect(server.requests[1]?.ifRange).toBe('"v1"');
    expect(server.requests[1]?.sent).toBe(IMAGE.length - (server.starts[1] ?? 0));
  });

  it('begins at 0 if the server ignores ranges', async () => {
    const { server, storage } = await interruptAt(600 * KIB);
    server.answer = (request, response) => server.serve(request, response, false);
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(server.requests[1]?.sent).toBe(IMAGE.length);
  });

  it('begins at 0 if the image at the server has changed since', async () => {
    const found = await scene({}, imageOf(700 * KIB, 2));
    const { server, storage } = found;
    server.stopAt = 600 * KIB;
    const cancel = storage.fetch(DIGEST, server.url, () => expect.unreachable());
    await until(() => storage.bytesOf(DIGEST) >= 512 * KIB);
    cancel();
    server.image = IMAGE;
    server.etag = '"v2"';
    server.stopAt = Number.POSITIVE_INFINITY;
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(server.requests.map(({ sent }) => sent)).toEqual([600 * KIB, IMAGE.length]);
  });

  it('that joined two versions has a wrong digest, and begins once more at 0', async () => {
    const { server, storage } = await scene({}, imageOf(700 * KIB, 2));
    server.stopAt = 600 * KIB;
    const cancel = storage.fetch(DIGEST, server.url, () => expect.unreachable());
    await until(() => storage.bytesOf(DIGEST) >= 512 * KIB);
    cancel();
    server.image = IMAGE;
    server.stopAt = Number.POSITIVE_INFINITY;
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(server.starts).toEqual([0, expect.any(Number), 0]);
    expect(server.starts[1]).toBeGreaterThanOrEqual(512 * KIB);
  });

  it('with a wrong digest fails, and leaves no bytes', async () => {
    const { server, storage, folder } = await scene({}, imageOf(700 * KIB, 2));
    expect(await fetched(storage, DIGEST, server.url)).toEqual(
      failed('wrong digest', 'never', /does not have the digest/),
    );
    expect([readdirSync(folder), server.requests.length, storage.bytesOf(DIGEST)]).toEqual([[], 1, 0]);
  });

  it('checks SHA-256 too, if it is known', async () => {
    const { server, storage } = await scene();
    const wrong = { ...DIGEST, sha256: '0'.repeat(64) };
    expect(await fetched(storage, wrong, server.url)).toEqual(failed('wrong digest', 'never', /digest/));
    expect(await fetched(storage, digestOf(IMAGE), server.url)).toEqual(completeOf(IMAGE));
  });

  it('fails before the first request if the machine has no MD5, as in FIPS mode', async () => {
    const { server, storage } = await scene();
    const { createHash } = crypto;
    onTestFinished(() => {
      crypto.createHash = createHash;
      syncBuiltinESMExports();
    });
    crypto.createHash = (name, options) => {
      if (name === 'md5') throw new Error('digital envelope routines::unsupported');
      return createHash(name, options);
    };
    syncBuiltinESMExports();
    expect(await fetched(storage, DIGEST, server.url)).toEqual(
      failed('wrong digest', 'never', /no MD5.*FIPS mode\? \(digital envelope routines::unsupported\)$/),
    );
    expect(server.requests).toEqual([]);
  });

  it('takes parts of the image in several answers', async () => {
    const { server, storage } = await interruptAt(300 * KIB);
    server.answer = ({ headers }, response) => {
      const start = Number(/\d+/.exec(headers.range ?? '')?.[0]);
      const end = Math.min(start + 100 * KIB, IMAGE.length);
      response.writeHead(206, { 'Content-Range': `bytes ${start}-${end - 1}/*`, ETag: '"v1"' });
      response.end(IMAGE.subarray(start, end));
    };
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
  });

  it.each(['bytes 5-99/716800', 'bytes 0-716799/716800', 'items 1-2/3', undefined])(
    'does not use a part with the range %s: the whole image is requested',
    async (range) => {
      const { server, storage } = await interruptAt(300 * KIB);
      server.answer = (request, response) => {
        if (request.headers.range === undefined) return server.serve(request, response);
        response.writeHead(206, range === undefined ? {} : { 'Content-Range': range });
        response.end(IMAGE);
      };
      expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
      expect(server.requests.at(-1)?.range).toBeUndefined();
    },
  );

  it('requests the whole image after 416', async () => {
    const { server, storage } = await interruptAt(300 * KIB);
    server.answer = (request, response) => {
      if (request.headers.range === undefined) return server.serve(request, response);
      response.writeHead(416, { 'Content-Range': 'bytes */716800' }).end();
    };
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
  });

  it('goes through the tunnel of a proxy', async () => {
    const proxy = await HttpProxy.open({ login: 'gw:secret' });
    const route = { host: HOST, port: proxy.port, login: () => ({ username: 'gw', password: 'secret' }) };
    const { server, storage } = await scene({ proxy: route });
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(proxy.asked).toEqual([`${HOST}:${server.port}`]);
  });

  it('has a bounded rate: no byte arrives before its time', async () => {
    const bytesPerS = 400 * KIB;
    const { server, storage } = await scene({ bytesPerS });
    const startedMs = performance.now();
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    // a quarter of a second may be made up for later
    expect(performance.now() - startedMs).toBeGreaterThan((IMAGE.length / bytesPerS - 0.3) * 1000);
  });

  it('that was cancelled is not reported, and another one can begin at once', async () => {
    const { server, storage } = await scene();
    server.stopAt = 100 * KIB;
    const cancel = storage.fetch(DIGEST, server.url, () => expect.unreachable());
    await until(() => server.sent === 100 * KIB);
    cancel();
    server.stopAt = Number.POSITIVE_INFINITY;
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    cancel();
    const before = storage.fetch(DIGEST, server.url, () => expect.unreachable());
    before();
  });
});

type Case = readonly [
  name: string,
  answer: (request: IncomingMessage, response: ServerResponse, server: ImageServer) => void,
  outcome: FetchOutcome,
];

const status =
  (code: number, headers: Record<string, string> = {}): Case[1] =>
  (_, response) =>
    void response.writeHead(code, headers).end('x');

const CASES: readonly Case[] = [
  ['404', status(404), failed('image not found', 'never', /does not have the image \(404\)/)],
  ['410', status(410), failed('image not found', 'never', /\(410\)/)],
  ['204', status(204), failed('image not found', 'never', /\(204\)/)],
  ['401', status(401), failed('link expired', 'never', /\(401\): the address may have expired/)],
  ['403', status(403), failed('link expired', 'never', /\(403\)/)],
  ['500', status(500), failed('timed out', 'later', /cannot send the image now \(500\)/)],
  ['503', status(503), failed('timed out', 'later', /\(503\)/)],
  ['429', status(429), failed('timed out', 'later', /\(429\)/)],
  ['206 without a request for a part', status(206), failed('timed out', 'later', /range/)],
  ['a redirect to HTTP', status(302, { Location: 'http://127.0.0.1/' }), failed('image not found', 'never', /https/)],
  ['a redirect without an address', status(302), failed('image not found', 'never', /without an address/)],
  ['a redirect to itself', status(307, { Location: '/' }), failed('image not found', 'never', /more than 3 times/)],
  [
    'a redirect with a password',
    status(302, { Location: 'https://a:b@h/' }),
    failed('image not found', 'never', /passw/),
  ],
  ['a longer image', status(200, { 'Content-Length': '716801' }), failed('wrong digest', 'never', /has 716801 bytes/)],
  [
    'a compressed image',
    (_, response) => void response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(IMAGE)),
    failed('wrong digest', 'never', /compressed/),
  ],
  [
    'more bytes than the image has',
    (_, response) => void response.end(Buffer.concat([IMAGE, Buffer.alloc(1)])) === undefined,
    failed('wrong digest', 'never', /./),
  ],
  [
    'endless bytes',
    (_, response) => {
      const more = (): void => void (response.destroyed || response.write(Buffer.alloc(64 * KIB), more));
      response.on('error', () => undefined);
      response.writeHead(200);
      more();
    },
    failed('wrong digest', 'never', /more bytes than the image/),
  ],
  [
    'fewer bytes, with a regular end',
    (_, response) => {
      response.write(IMAGE.subarray(0, 1000));
      response.end();
    },
    failed('wrong digest', 'never', /ended the image 715800 bytes too early/),
  ],
  [
    'a broken connection',
    (_, response) => {
      response.writeHead(200, { 'Content-Length': IMAGE.length });
      response.write(IMAGE.subarray(0, 1000), () => response.destroy());
    },
    failed('timed out', 'later', /closed the connection in the middle/),
  ],
  ['no answer', (_, response) => void response.destroy(), failed('timed out', 'later', /closed|reset|broke/)],
  ['headers of 20 KiB', status(200, { X: 'x'.repeat(20 * KIB) }), failed('timed out', 'later', /headers/)],
];

describe('a server that answers with', () => {
  it.each(CASES)('%s', async (_, answer, outcome) => {
    const { server, storage } = await scene();
    server.answer = (request, response) => answer(request, response, server);
    expect(await fetched(storage, DIGEST, server.url)).toEqual(outcome);
    expect(storage.find(DIGEST)).toBeUndefined();
    expect(server.requests.length).toBeLessThanOrEqual(4);
  });

  it('up to 3 redirects is followed', async () => {
    const { server, storage } = await scene();
    server.answer = (request, response) => {
      if (server.requests.length > 3) server.serve(request, response);
      else response.writeHead(302, { Location: `next-${server.requests.length}` }).end();
    };
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
  });

  it('nothing fails for now', async () => {
    const { server, storage } = await scene({ limits: { answerMsMax: 300 } });
    server.answer = () => undefined;
    expect(await fetched(storage, DIGEST, server.url)).toEqual(
      failed('timed out', 'later', /does not answer within 0.3 s/),
    );
  });

  it('a part and then nothing fails for now, and the next download continues', async () => {
    const { server, storage, folder } = await scene({ limits: { idleMsMax: 1000 } });
    server.stopAt = 300 * KIB;
    expect(await fetched(storage, DIGEST, server.url)).toEqual(failed('timed out', 'later', /sent nothing for 1 s/));
    const bytes = storage.bytesOf(DIGEST);
    server.stopAt = Number.POSITIVE_INFINITY;
    expect(await fetched(openStorage(folder, server.tls.caFile), DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(server.starts).toEqual([0, bytes]);
  });

  it('a few bytes now and then fails for now, so that other images are downloaded too', async () => {
    const { server, storage } = await scene({ limits: { slowMsMax: 500 } });
    server.answer = (_, response) => {
      response.on('error', () => undefined);
      const timer = setInterval(() => response.write('x'), 10);
      response.on('close', () => clearInterval(timer));
    };
    expect(await fetched(storage, DIGEST, server.url)).toEqual(
      failed('timed out', 'later', /sent less than 16384 bytes in 0.5 s$/),
    );
  });

  it('the certificate of an unknown authority is not trusted', async () => {
    const { server, storage } = await scene({ caFile: new TlsFolder().caFile });
    expect(await fetched(storage, DIGEST, server.url)).toEqual(
      failed('timed out', 'later', /not trusted.*: set ca_file in \[firmware\] to its certificate/),
    );
    expect(server.requests).toEqual([]);
  });
});

describe('an address', () => {
  it.each([
    'http://127.0.0.1/image',
    'https://user:password@127.0.0.1/image',
    'https://user@127.0.0.1/image',
    'file:///etc/passwd',
    'no address',
    `https://127.0.0.1/${'x'.repeat(9000)}`,
  ])('is not used: %.60s', async (url) => {
    const { storage, folder } = await scene();
    expect(await fetched(storage, DIGEST, url)).toEqual(failed('image not found', 'never', /the address of the image/));
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  });
});
