/**
 * Documents of firmware updates between the gateway and the hub: offers from the hub; versions, progress and results of
 * subdevices to the hub.
 *
 *     hub      {"type":"update_firmware","version":"0.2","url":"https://…","md5sum":"…","file_size":708482}
 *     gateway  {"type":"report_version","report":{"version":"0.1"}}
 *              {"type":"report_progress","report":{"progress":{"state":"downloading","percent":"10",
 *               "result_code":"0","result_msg":""},"version":"0.2"}}
 *
 * Source: the IoT hub's page "Firmware update of devices". `sha256` in an offer is an addition for other hubs.
 */
import { FIRMWARE_FAILURE_CODES, type FirmwareFailure, type FirmwareOffer } from '../base/firmware.ts';
import { TEXT_BYTES_MAX } from '../codec/firmware-messages.ts';

/** Document of the hub about the firmware of a subdevice. */
export type HubFirmwareDocument =
  | { readonly kind: 'offer'; readonly offer: FirmwareOffer }
  /** The hub has the version that was reported. */
  | { readonly kind: 'version known' }
  /** Not a document of firmware, or an offer that cannot be used. @property version of the offer, if it has one */
  | { readonly kind: 'invalid'; readonly reason: string; readonly version: string | undefined };

/** Documents of the hub are shorter: a URL with a signature has some hundred bytes. */
const DOCUMENT_BYTES_MAX = 16 * 1024;
const URL_CHARACTERS_MAX = 4096;
const SIZE_MAX = 2 ** 32 - 1;

/** Reads a document of the hub. @param imageBytesMax largest image that is accepted */
export function readFirmwareDocument(payload: Uint8Array, imageBytesMax: number): HubFirmwareDocument {
  const document = objectIn(payload);
  if (document === undefined) return { kind: 'invalid', reason: 'the offer is not a JSON object', version: undefined };
  const { type, version, url, md5sum, sha256, file_size: size } = document;
  if (type === 'report_version_rsp') return { kind: 'version known' };
  if (type !== 'update_firmware')
    return { kind: 'invalid', reason: 'the type of the offer is not "update_firmware"', version: undefined };
  if (!isVersion(version))
    return {
      kind: 'invalid',
      reason: `the version of the offer is not a text of 1 to ${TEXT_BYTES_MAX} bytes`,
      version: undefined,
    };
  const invalid = (reason: string): HubFirmwareDocument => ({ kind: 'invalid', reason, version });
  if (typeof url !== 'string' || !isHttps(url))
    return invalid('url in the offer is not an address that begins with https://');
  if (!isHex(md5sum, 32)) return invalid('md5sum in the offer does not have 32 hexadecimal digits');
  if (sha256 !== undefined && !isHex(sha256, 64))
    return invalid('sha256 in the offer does not have 64 hexadecimal digits');
  const bytes = sizeIn(size);
  if (bytes === undefined) return invalid(`file_size in the offer is not a number from 1 to ${SIZE_MAX}`);
  if (bytes > imageBytesMax)
    return invalid(`the image has ${bytes} bytes, more than ${imageBytesMax} (firmware.image_mib_max)`);
  const image = { md5: md5sum.toLowerCase(), sha256: sha256?.toLowerCase(), size: bytes };
  return { kind: 'offer', offer: { version, url, image } };
}

/** Returns the report of the version that a subdevice runs. */
export function versionDocument(version: string): Uint8Array {
  return bytesOf({ type: 'report_version', report: { version } });
}

/** @param percent share of the image that the subdevice has, 0 to 100 */
export function downloadingDocument(version: string, percent: number): Uint8Array {
  return progressDocument(version, { state: 'downloading', percent: String(percent), code: '0', message: '' });
}

export function burningDocument(version: string): Uint8Array {
  return progressDocument(version, { state: 'burning', percent: '100', code: '0', message: '' });
}

export function doneDocument(version: string): Uint8Array {
  return progressDocument(version, { state: 'done', percent: '100', code: '0', message: '' });
}

export function failedDocument(version: string, { kind, reason }: FirmwareFailure): Uint8Array {
  const code = String(FIRMWARE_FAILURE_CODES[kind]);
  return progressDocument(version, { state: 'fail', percent: '0', code, message: reason });
}

interface Progress {
  readonly state: 'downloading' | 'burning' | 'done' | 'fail';
  readonly percent: string;
  readonly code: string;
  readonly message: string;
}

function progressDocument(version: string, { state, percent, code, message }: Progress): Uint8Array {
  const progress = { state, percent, result_code: code, result_msg: message };
  return bytesOf({ type: 'report_progress', report: { progress, version } });
}

function bytesOf(document: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}

function objectIn(payload: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (payload.length > DOCUMENT_BYTES_MAX) return undefined;
  try {
    const document: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return typeof document === 'object' && document !== null && !Array.isArray(document) ? { ...document } : undefined;
  } catch {
    return undefined;
  }
}

function isVersion(found: unknown): found is string {
  if (typeof found !== 'string' || found === '' || /\p{Cc}/u.test(found)) return false;
  return found.isWellFormed() && Buffer.byteLength(found) <= TEXT_BYTES_MAX;
}

/** Reads a number of bytes, which may be a text of digits. */
function sizeIn(found: unknown): number | undefined {
  const bytes = typeof found === 'string' && /^\d{1,10}$/.test(found) ? Number(found) : found;
  return typeof bytes === 'number' && Number.isInteger(bytes) && bytes >= 1 && bytes <= SIZE_MAX ? bytes : undefined;
}

function isHttps(text: string): boolean {
  return text.length <= URL_CHARACTERS_MAX && URL.canParse(text) && new URL(text).protocol === 'https:';
}

function isHex(found: unknown, digits: number): found is string {
  return typeof found === 'string' && found.length === digits && /^[\da-f]*$/i.test(found);
}
