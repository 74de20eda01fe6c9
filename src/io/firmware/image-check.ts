/** Checks of a whole image: size, MD5, SHA-256 if known, and CRC-32. Files are read in pieces, other work in between. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { ImageDigest } from '../../base/firmware.ts';
import { DownloadFailed } from './download-failed.ts';

const READ_BYTES = 64 * 1024;

/**
 * Reads a whole image. @returns its CRC-32, or `undefined` if its size or a digest is wrong
 * @throws DownloadFailed if this machine cannot compute the digests
 */
export async function checkImage(file: FileHandle, { md5, sha256, size }: ImageDigest): Promise<number | undefined> {
  if ((await file.stat()).size !== size) return undefined;
  const md5Hash = newMd5();
  const sha256Hash = sha256 === undefined ? undefined : createHash('sha256');
  const sum = await readThrough(file, size, (piece) => {
    md5Hash.update(piece);
    sha256Hash?.update(piece);
  });
  return md5Hash.digest('hex') === md5 && sha256Hash?.digest('hex') === sha256 ? sum : undefined;
}

/** @throws DownloadFailed in a system that permits approved digests only (FIPS) */
export function newMd5(): ReturnType<typeof createHash> {
  try {
    return createHash('md5');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const reason = `this machine has no MD5, so no image can be checked: is it in FIPS mode? (${why})`;
    throw new DownloadFailed('wrong digest', reason, 'never');
  }
}

/** Reads a file. @returns the CRC-32, or `undefined`: it is too short */
export async function readThrough(
  file: FileHandle,
  size: number,
  onPiece: (piece: Uint8Array) => void = () => undefined,
): Promise<number | undefined> {
  const buffer = new Uint8Array(READ_BYTES);
  let sum = 0;
  for (let offset = 0; offset < size; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(READ_BYTES, size - offset), offset);
    if (bytesRead === 0) return undefined;
    const piece = buffer.subarray(0, bytesRead);
    sum = crc32(piece, sum);
    onPiece(piece);
    offset += bytesRead;
  }
  return sum;
}
