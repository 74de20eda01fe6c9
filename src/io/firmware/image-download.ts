/**
 * Transfer of an image from its server into a partial image: GET with a range that begins at the first missing byte,
 * and with `If-Range`, so that a changed image begins again at 0. Redirects are followed to HTTPS only. Every answer
 * that is no image becomes a `DownloadFailed` with the kind that the hub knows.
 *
 * Sources: RFC 9110 §13.1.5 (If-Range), §14 (ranges), §15 (status codes).
 */

import { setTimeout as pause } from 'node:timers/promises';
import type { ImageDigest } from '../../base/firmware.ts';
import { peerOf } from '../tcp.ts';
import type { ByteRate } from './byte-rate.ts';
import { DownloadFailed, failedForNow } from './download-failed.ts';
import { type ImageAnswer, type ImageWay, requestImage, serverOf } from './image-request.ts';
import { isValidator, type PartialImage } from './partial-image.ts';

const REDIRECTS_MAX = 3;
/** Largest number of answers with a part of the image in one download. */
const PARTS_MAX = 64;
/** Bytes that a server must send in ten minutes: a slower one would keep other images waiting for days. */
const SLOW_BYTES_MIN = 16 * 1024;
const URL_LENGTH_MAX = 8192;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Status codes of servers that may answer later: timeout, too early, too many requests. */
const BUSY = new Set([408, 425, 429]);

export interface DownloadOptions {
  readonly part: PartialImage;
  readonly image: ImageDigest;
  readonly url: URL;
  readonly way: ImageWay;
  readonly rate: ByteRate;
  readonly signal: AbortSignal;
}

/** @throws DownloadFailed for an address that is not used */
export function imageAddress(text: string): URL {
  const url = text.length > URL_LENGTH_MAX ? null : URL.parse(text);
  if (url === null) throw notFound('the address of the image is invalid');
  if (url.protocol !== 'https:') throw notFound('the address of the image does not begin with https://');
  if (url.username !== '' || url.password !== '')
    throw notFound('the address of the image has a user name or a password, which are not sent');
  return url;
}

/**
 * Downloads the missing bytes.
 * @returns true if the image may be one of several versions: some bytes are from an earlier answer
 * @throws DownloadFailed; the written bytes may be used by the next download
 */
export async function downloadImage(options: DownloadOptions): Promise<boolean> {
  const { part, signal } = options;
  let isJoined = part.bytes > 0;
  let mayRestart = true;
  for (let parts = 0; part.missingBytes > 0; parts += 1) {
    signal.throwIfAborted();
    const { server, answer } = await answerOf(options);
    try {
      if (parts === PARTS_MAX) throw failedForNow(`${server} sends the image in more than ${PARTS_MAX} parts`);
      const start = startOf(answer, server, options);
      if (start === 'again') {
        if (!mayRestart) throw failedForNow(`${server} does not send the range that was requested`);
        mayRestart = false;
        await part.restart();
        isJoined = false;
        continue;
      }
      if (start.offset === 0) {
        await part.restart();
        isJoined = false;
      } else isJoined = true;
      part.note(validatorIn(answer) ?? part.validator);
      await receive(answer, server, start.bytes, options);
    } finally {
      answer.destroy();
    }
  }
  return isJoined;
}

interface ServerAnswer {
  /** Host and port in texts. */
  readonly server: string;
  readonly answer: ImageAnswer;
}

/** Follows redirects. */
async function answerOf({ part, url, way, signal }: DownloadOptions): Promise<ServerAnswer> {
  const headers = rangeHeaders(part);
  for (let [address, redirects] = [url, 0]; ; redirects += 1) {
    const server = peerOf(serverOf(address, way));
    const answer = await requestImage(address, headers, way, signal);
    if (!REDIRECTS.has(answer.statusCode ?? 0)) return { server, answer };
    answer.destroy();
    const { location } = answer.headers;
    if (location === undefined) throw notFound(`${server} redirects without an address`);
    if (redirects === REDIRECTS_MAX) throw notFound(`${server} redirects more than ${REDIRECTS_MAX} times`);
    address = redirected(server, location, address);
  }
}

function redirected(server: string, location: string, from: URL): URL {
  try {
    return imageAddress(URL.parse(location, from)?.href ?? '');
  } catch (error) {
    throw error instanceof DownloadFailed ? notFound(`${server} redirects, but ${error.message}`) : error;
  }
}

function rangeHeaders({ bytes, validator }: PartialImage): Record<string, string> {
  if (bytes === 0) return {};
  const range = { Range: `bytes=${bytes}-` };
  return validator === undefined ? range : { ...range, 'If-Range': validator };
}

/** Entity tag that is strong, or the date, of an image. Both are sent back unchanged. */
function validatorIn({ headers }: ImageAnswer): string | undefined {
  const { etag } = headers;
  if (isValidator(etag) && etag.startsWith('"')) return etag;
  const date = headers['last-modified'];
  return isValidator(date) ? date : undefined;
}

interface BodyPlace {
  readonly offset: number;
  /** Number of bytes of the body. */
  readonly bytes: number;
}

/** Returns the place of the body in the image. `again`: the server has another range, so the whole image is requested. */
function startOf(answer: ImageAnswer, server: string, { part, image: { size } }: DownloadOptions): BodyPlace | 'again' {
  const { statusCode: status = 0, headers } = answer;
  const length = headers['content-length'];
  const isEncoded = ![undefined, '', 'identity'].includes(headers['content-encoding']?.toLowerCase());
  if ((status === 200 || status === 206) && isEncoded)
    throw wrong(`${server} sends the image compressed, although it was requested without compression`);
  if (status === 200) {
    if (length !== undefined && Number(length) !== size) throw otherSize(server, length, size);
    return { offset: 0, bytes: size };
  }
  if (status === 206) {
    const [, first, last, total = '*'] =
      /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(headers['content-range'] ?? '') ?? [];
    if (total !== '*' && Number(total) !== size) throw otherSize(server, total, size);
    const bytes = Number(last) - Number(first) + 1;
    const isRequested = part.bytes > 0 && Number(first) === part.bytes && bytes > 0 && bytes <= part.missingBytes;
    const isWhole = length === undefined || Number(length) === bytes;
    return isRequested && isWhole ? { offset: part.bytes, bytes } : 'again';
  }
  if (status === 416 && part.bytes > 0) return 'again';
  throw statusFailure(status, server);
}

function statusFailure(status: number, server: string): DownloadFailed {
  if (status === 401 || status === 403) {
    const reason = `${server} does not permit the download (${status}): the address may have expired`;
    return new DownloadFailed('link expired', reason, 'never');
  }
  if (status >= 500 || BUSY.has(status)) return failedForNow(`${server} cannot send the image now (${status})`);
  return notFound(`${server} does not have the image (${status})`);
}

/** Writes the body. @param bytes number of bytes that the body must have */
async function receive(
  answer: ImageAnswer,
  server: string,
  bytes: number,
  { part, way, rate, signal }: DownloadOptions,
): Promise<void> {
  const pieces: AsyncIterator<Buffer> = answer[Symbol.asyncIterator]();
  let left = bytes;
  let span = { fromMs: performance.now(), left };
  for (;;) {
    const piece = await nextPiece(pieces, answer, server, way.idleMsMax);
    signal.throwIfAborted();
    if (piece === undefined) break;
    if (piece.length > left) throw wrong(`${server} sends more bytes than the image has`);
    await part.write(piece);
    left -= piece.length;
    const nowMs = performance.now();
    if (span.left - left >= SLOW_BYTES_MIN) span = { fromMs: nowMs, left };
    else if (nowMs - span.fromMs > way.slowMsMax)
      throw failedForNow(`${server} sent less than ${SLOW_BYTES_MIN} bytes in ${way.slowMsMax / 1000} s`);
    const waitMs = rate.take(piece.length);
    if (waitMs >= 1) await pause(waitMs, undefined, { signal });
  }
  if (left === 0) return;
  // only a body in chunks has an end that an interrupted connection does not have
  if (answer.headers['transfer-encoding'] !== undefined)
    throw wrong(`${server} ended the image ${left} bytes too early`);
  throw failedForNow(`${server} closed the connection in the middle of the image`);
}

/** @returns `undefined` at the end @throws DownloadFailed if the connection fails or nothing arrives */
async function nextPiece(
  pieces: AsyncIterator<Buffer>,
  answer: ImageAnswer,
  server: string,
  idleMsMax: number,
): Promise<Buffer | undefined> {
  let isSilent = false;
  const limit = setTimeout(() => {
    isSilent = true;
    answer.destroy();
  }, idleMsMax);
  try {
    const { done, value } = await pieces.next();
    if (isSilent) throw failedForNow(`${server} sent nothing for ${idleMsMax / 1000} s`);
    return done === true ? undefined : value;
  } catch (error) {
    if (error instanceof DownloadFailed) throw error;
    throw failedForNow(
      isSilent
        ? `${server} sent nothing for ${idleMsMax / 1000} s`
        : `${server} closed the connection in the middle of the image`,
    );
  } finally {
    clearTimeout(limit);
  }
}

function notFound(reason: string): DownloadFailed {
  return new DownloadFailed('image not found', reason, 'never');
}

function wrong(reason: string): DownloadFailed {
  return new DownloadFailed('wrong digest', reason, 'never');
}

function otherSize(server: string, found: string, size: number): DownloadFailed {
  return wrong(`the image at ${server} has ${found} bytes, and the hub has announced ${size}`);
}
