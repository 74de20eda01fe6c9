/**
 * Records of firmware updates, in one small file that is replaced as a whole. A file that is damaged or does not match
 * this format is ignored, and so is a single record; the problem is reported.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import {
  FIRMWARE_FAILURE_CODES,
  type FirmwareFailure,
  type FirmwareFailureKind,
  type FirmwareOffer,
  type FirmwareRecord,
  type FirmwareUpdate,
  type ImageDigest,
  type OfferSubscription,
  type RejectedOffer,
  type UpdateState,
} from '../../base/firmware.ts';
import { writeDurablyInBackground } from '../durable/small-file.ts';
import { readRegularFile, UnreadableFile } from '../regular-file.ts';

const FILE = 'records.json';
const FORMAT = 1;
/** A record takes at most some kilobytes, most of them for the address of the image. */
const BYTES_MAX = 16 * 1024 * 1024;

const STATES: readonly UpdateState[] = ['wanted', 'installing', 'done', 'failed'];
/** Largest lengths of texts, in characters. */
const NAME_LENGTH_MAX = 255;
/** Length of a topic of MQTT. */
const FILTER_LENGTH_MAX = 65_535;
const URL_LENGTH_MAX = 16 * 1024;
const REASON_LENGTH_MAX = 4096;
const SIZE_MAX = 2 ** 32 - 1;

export interface StoredFirmware {
  readonly records: readonly FirmwareRecord[];
  /** Predicate about the file, if it or a part of it was ignored. */
  readonly problem: string | undefined;
}

/** Reads the records. Never throws. @param folder folder of the firmware */
export function readFirmwareRecords(folder: string): StoredFirmware {
  try {
    return recordsIn(JSON.parse(readRegularFile(join(folder, FILE), BYTES_MAX).toString('utf8')));
  } catch (error) {
    if (!(error instanceof UnreadableFile)) return { records: [], problem: 'is not JSON' };
    return { records: [], problem: error.code === 'ENOENT' ? undefined : error.message };
  }
}

/** Stores the records. They are durable when the promise resolves. Rejects with the reason. */
export async function storeFirmwareRecords(folder: string, records: readonly FirmwareRecord[]): Promise<void> {
  const text = JSON.stringify(records);
  const file = `{"format":${FORMAT},"crc32":${crc32(text)},"records":${text}}\n`;
  if (Buffer.byteLength(file) > BYTES_MAX) throw new Error(`the records have more than ${BYTES_MAX} bytes`);
  await writeDurablyInBackground(folder, FILE, file);
}

function recordsIn(found: unknown): StoredFirmware {
  const { format, crc32: check, records: entries } = fieldsOf(found);
  if (format !== FORMAT) return { records: [], problem: 'has another format' };
  if (!Array.isArray(entries) || check !== crc32(JSON.stringify(entries)))
    return { records: [], problem: 'is damaged' };
  const records = new Map<string, FirmwareRecord>();
  for (const entry of entries) {
    const record = recordIn(entry);
    if (record !== undefined && !records.has(record.subdevice)) records.set(record.subdevice, record);
  }
  const ignored = entries.length - records.size;
  const problem = ignored === 0 ? undefined : `has invalid records (${ignored} of ${entries.length})`;
  return { records: [...records.values()], problem };
}

function recordIn(found: unknown): FirmwareRecord | undefined {
  const { subdevice, version, update, rejected, offers } = fieldsOf(found);
  if (!isText(subdevice, NAME_LENGTH_MAX) || subdevice === '') return undefined;
  if (version !== undefined && !isText(version, NAME_LENGTH_MAX)) return undefined;
  const known = update === undefined ? undefined : updateIn(update);
  if (update !== undefined && known === undefined) return undefined;
  return { subdevice, version, update: known, rejected: rejectedIn(rejected), offers: subscriptionIn(offers) };
}

function rejectedIn(found: unknown): RejectedOffer | undefined {
  const { kind, version, reason } = fieldsOf(found);
  if (kind !== 'invalid' && kind !== 'failed before') return undefined;
  if (version !== undefined && !isText(version, NAME_LENGTH_MAX)) return undefined;
  return isText(reason, REASON_LENGTH_MAX) ? { kind, version, reason } : undefined;
}

function subscriptionIn(found: unknown): OfferSubscription | undefined {
  const { filter, isActive } = fieldsOf(found);
  return isText(filter, FILTER_LENGTH_MAX) && typeof isActive === 'boolean' ? { filter, isActive } : undefined;
}

function updateIn(found: unknown): FirmwareUpdate | undefined {
  const { offer, state, attempts, failure, isReported } = fieldsOf(found);
  const knownOffer = offerIn(offer);
  const knownState = STATES.find((one) => one === state);
  const knownFailure = failure === undefined ? undefined : failureIn(failure);
  if (knownOffer === undefined || knownState === undefined) return undefined;
  if (failure !== undefined && knownFailure === undefined) return undefined;
  if (!isCount(attempts) || typeof isReported !== 'boolean') return undefined;
  return { offer: knownOffer, state: knownState, attempts, failure: knownFailure, isReported };
}

function offerIn(found: unknown): FirmwareOffer | undefined {
  const { version, url, image } = fieldsOf(found);
  const knownImage = imageIn(image);
  if (knownImage === undefined || !isText(version, NAME_LENGTH_MAX) || version === '') return undefined;
  return isText(url, URL_LENGTH_MAX) && url.startsWith('https://') ? { version, url, image: knownImage } : undefined;
}

function imageIn(found: unknown): ImageDigest | undefined {
  const { md5, sha256, size } = fieldsOf(found);
  if (typeof md5 !== 'string' || !/^[0-9a-f]{32}$/.test(md5)) return undefined;
  if (sha256 !== undefined && (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))) return undefined;
  return isCount(size) && size >= 1 && size <= SIZE_MAX ? { md5, sha256, size } : undefined;
}

function failureIn(found: unknown): FirmwareFailure | undefined {
  const { kind, reason } = fieldsOf(found);
  return isFailureKind(kind) && isText(reason, REASON_LENGTH_MAX) ? { kind, reason } : undefined;
}

function isFailureKind(kind: unknown): kind is FirmwareFailureKind {
  return typeof kind === 'string' && Object.hasOwn(FIRMWARE_FAILURE_CODES, kind);
}

/** Fields of a JSON value; a value that is no object has none of them. */
function fieldsOf(found: unknown): Readonly<Record<string, unknown>> {
  return typeof found === 'object' && found !== null ? (found as Readonly<Record<string, unknown>>) : {};
}

function isText(found: unknown, lengthMax: number): found is string {
  return typeof found === 'string' && found.length <= lengthMax && !/\p{Cc}/u.test(found);
}

function isCount(found: unknown): found is number {
  return Number.isSafeInteger(found) && (found as number) >= 0;
}
