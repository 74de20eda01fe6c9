/**
 * Names of the files of an image, made from its digests and its size. The name of a complete image ends with its CRC-32,
 * so that one rename makes the image complete.
 *
 *     MD5-SIZE[-SHA256].part        bytes of an incomplete image
 *     MD5-SIZE[-SHA256].progress    number of its durable bytes
 *     MD5-SIZE[-SHA256].CRC.image   complete image
 */
import type { ImageDigest } from '../../base/firmware.ts';

/** Name of the folder in the state directory. */
export const FIRMWARE_FOLDER = 'firmware';

const FILE = /^([0-9a-f]{32}-(\d{1,10})(?:-[0-9a-f]{64})?)\.(?:(part|progress|progress\.part)|([0-9a-f]{8})\.image)$/;

export function nameOf({ md5, sha256, size }: ImageDigest): string {
  return sha256 === undefined ? `${md5}-${size}` : `${md5}-${size}-${sha256}`;
}

export const partName = (image: ImageDigest): string => `${nameOf(image)}.part`;
export const progressName = (image: ImageDigest): string => `${nameOf(image)}.progress`;

export function completeName(image: ImageDigest, crc: number): string {
  return `${nameOf(image)}.${crc.toString(16).padStart(8, '0')}.image`;
}

/** File of an image, by its name. */
export interface ImageFile {
  /** Name of the image, without the ending. */
  readonly name: string;
  /** Size of the complete image. */
  readonly size: number;
  /** CRC-32 of a complete image. `undefined`: incomplete. */
  readonly crc: number | undefined;
}

/** @returns `undefined` for the name of another file */
export function imageFileOf(file: string): ImageFile | undefined {
  const [, name, size, , crc] = FILE.exec(file) ?? [];
  if (name === undefined) return undefined;
  return { name, size: Number(size), crc: crc === undefined ? undefined : Number.parseInt(crc, 16) };
}
