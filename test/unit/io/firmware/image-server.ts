/** HTTPS server of firmware images for tests, and storage in a temporary folder that downloads from it. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { onTestFinished } from 'vitest';
import type { FetchOutcome, ImageDigest } from '../../../../src/base/firmware.ts';
import { DiskFirmware, type DiskFirmwareOptions } from '../../../../src/io/firmware/disk-firmware.ts';
import type { RouteProxy } from '../../../../src/io/route/route-channel.ts';
import { TlsFiles } from '../../../../src/io/tls/tls-files.ts';
import { GOOD, HOST, standUp, TlsFolder } from '../../../e2e/tls-rig.ts';

export const KIB = 1024;

/** Bytes that differ at each place, also after a shift. */
export function imageOf(bytes: number, seed = 1): Buffer {
  const image = Buffer.alloc(bytes);
  let state = seed;
  for (let at = 0; at < bytes; at += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    image[at] = state >>> 16;
  }
  return image;
}

export function digestOf(image: Uint8Array, withSha256 = false): ImageDigest {
  const hash = (name: string): string => createHash(name).update(image).digest('hex');
  return { md5: hash('md5'), sha256: withSha256 ? hash('sha256') : undefined, size: image.length };
}

export const completeOf = (image: Uint8Array): FetchOutcome => ({ kind: 'complete', crc32: crc32(image) });

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export class ImageServer {
  readonly tls = new TlsFolder();
  /** Requests in order, with the bytes of the image that were sent in answer. */
  readonly requests: { range: string | undefined; ifRange: string | undefined; sent: number; head: string[] }[] = [];
  image: Buffer;
  etag = '"v1"';
  /** Offset at which the server stops sending and keeps the connection open. */
  stopAt = Number.POSITIVE_INFINITY;
  /** Called before each piece. */
  onPiece: (offset: number) => void = () => undefined;
  answer: Answer = (request, response) => this.serve(request, response);
  port = 0;
  #https: Server | undefined;

  constructor(image: Buffer) {
    this.image = image;
  }

  static async open(image: Buffer): Promise<ImageServer> {
    const server = new ImageServer(image);
    const { certificate, key } = server.tls.authority.issue(GOOD);
    const https = createServer({ cert: certificate, key }, (request, response) => {
      const { range, 'if-range': ifRange } = request.headers;
      server.requests.push({ range, ifRange: ifRange as string | undefined, sent: 0, head: request.rawHeaders });
      server.answer(request, response);
    });
    server.#https = https;
    server.port = await standUp(https);
    return server;
  }

  get url(): string {
    return `https://${HOST}:${this.port}/image.bin?sign=a%20b`;
  }

  /** Number of bytes of images that were sent, over all requests. */
  get sent(): number {
    return this.requests.reduce((sum, { sent }) => sum + sent, 0);
  }

  /** First bytes of all requests. */
  get starts(): number[] {
    return this.requests.map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? 'bytes=0-')?.[1]));
  }

  /** Ends all connections. */
  drop(): void {
    this.#https?.closeAllConnections();
  }

  /** Answers with the image, or with the requested range of the same version. */
  serve({ headers }: IncomingMessage, response: ServerResponse, supportsRanges = true): void {
    const isSame = headers['if-range'] === undefined || headers['if-range'] === this.etag;
    const [, start] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
    const offset = supportsRanges && isSame && start !== undefined ? Number(start) : 0;
    const { length } = this.image;
    if (offset >= length) return void response.writeHead(416, { 'Content-Range': `bytes */${length}` }).end();
    const head = { ETag: this.etag, 'Content-Length': length - offset };
    if (offset > 0) response.writeHead(206, { ...head, 'Content-Range': `bytes ${offset}-${length - 1}/${length}` });
    else response.writeHead(200, head);
    this.send(response, offset);
  }

  /** Sends the image from the offset in pieces. */
  send(response: ServerResponse, offset: number, pieceBytes = 16 * KIB): void {
    const request = this.requests.at(-1);
    const next = (from: number): void => {
      this.onPiece(from);
      const end = Math.min(from + pieceBytes, this.image.length, this.stopAt);
      if (response.destroyed || end <= from) return;
      if (request !== undefined) request.sent += end - from;
      response.write(this.image.subarray(from, end), () => {
        if (end === this.image.length) response.end();
        else next(end);
      });
    };
    response.on('error', () => undefined);
    next(offset);
  }
}

export interface StoragePlan extends Partial<Omit<DiskFirmwareOptions, 'way'>> {
  readonly proxy?: RouteProxy;
  /** The authority of the server by default. */
  readonly caFile?: string;
}

/** Folder for the firmware that is removed after the test. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-firmware-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return join(path, 'firmware');
}

export function openStorage(folder: string, caFile: string, plan: StoragePlan = {}): DiskFirmware {
  const files = new TlsFiles({ caFile, client: undefined, noted: () => undefined });
  return new DiskFirmware({
    folder,
    keepFreeBytes: 0,
    bytesPerS: 2 ** 40,
    post: (task) => task(),
    way: async () => ({ files, proxy: plan.proxy, wallMs: Date.now }),
    ...plan,
  });
}

export function fetched(storage: DiskFirmware, image: ImageDigest, url: string): Promise<FetchOutcome> {
  return new Promise((resolve) => void storage.fetch(image, url, resolve));
}

export function readOf(
  storage: DiskFirmware,
  image: ImageDigest,
  offset = 0,
  bytes = Math.min(image.size, 64 * KIB),
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => storage.read(image, offset, bytes, resolve));
}
