/**
 * Configuration that the hub sends to the gateway, and the reports about it.
 *
 *     document {"version", "config"} ──▶ checks ──▶ event "configuration" ──▶ the composition applies it
 *                                          └─ rejected                          └─ outcome ──▶ report to the hub
 *
 * Invariants: a document is handled once for its version and content, also with DUP or RETAIN, and while it is applied;
 * documents are limited in size and nesting, and rejections in rate; one report waits, the newest.
 * The newest report is sent again after each connection, because reports have QoS 0.
 *
 * Source of the service with hub profiles: the IoT hub's page "Remote configuration of devices" (`$config`).
 */
import { createHash } from 'node:crypto';
import type { HubConfigOutcome, HubDocument } from '../../base/hub-configuration.ts';
import { isDeeperThan, type JsonObject } from '../../base/json-value.ts';
import type { Message } from '../../base/message.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { HubService, HubServiceEvent, HubServiceRequest } from './hub-service.ts';
import { RetriedRequest } from './retried-request.ts';

export interface RemoteConfigurationOptions {
  /** Exact topic of the documents. */
  readonly topic: string;
  /** Topic on which the gateway requests the document (`$config`); `undefined`: the broker sends it by itself. */
  readonly requestTopic: string | undefined;
  readonly reportTopic: string;
  /** Largest number of rejections in a minute; further messages that would be rejected are ignored. */
  readonly perMinute: number;
}

/** Largest document, bytes: a configuration of some hundred subdevices. */
export const DOCUMENT_BYTES_MAX = 65_536;
/** Deepest nesting of objects and lists in the changes; the file has at most five. */
export const DOCUMENT_DEPTH_MAX = 8;
/** Range of the time for a confirmation by command, s. */
const CONFIRM_S = { min: 10, max: 86_400 } as const;
const MINUTE_MS = 60_000;
const OTHER_CONTENT = 'another document with this version came before: use a new version';
const VERSION = /^[A-Za-z0-9._:-]{1,64}$/;
/** Result of a request if the hub has no configuration for the product. */
const DISABLED = 1001;

export class RemoteConfiguration implements HubService {
  readonly filters: readonly string[];
  readonly #options: RemoteConfigurationOptions;
  readonly #limit: TokenBucket;
  #request: RetriedRequest | undefined;
  /** Newest message that was taken or rejected. */
  #handled: Pick<HubConfigOutcome, 'version' | 'mark'> | undefined;
  #report: Uint8Array | undefined;
  #isDue = false;

  constructor(options: RemoteConfigurationOptions) {
    this.#options = options;
    this.filters = [options.topic];
    this.#limit = new TokenBucket(options.perMinute, MINUTE_MS / options.perMinute);
  }

  connected(): void {
    this.#isDue = this.#report !== undefined;
    this.#request = this.#options.requestTopic === undefined ? undefined : new RetriedRequest();
  }

  disconnected(): void {
    this.#request = undefined;
  }

  /** Continues with the newest document of an earlier process. @param report document for the hub about its outcome */
  restore({ version, mark }: HubConfigOutcome, report: Uint8Array): void {
    this.#handled = { version, mark };
    this.report(report);
  }

  /** @param report document for the hub about an outcome; replaces a report that waits */
  report(report: Uint8Array): void {
    this.#report = report;
    this.#isDue = true;
  }

  next(nowMs: number): HubServiceRequest | undefined {
    const { requestTopic, reportTopic } = this.#options;
    if (requestTopic !== undefined && this.#request?.isDue(nowMs) === true) {
      this.#request.sent(nowMs);
      return { topic: requestTopic, payload: new TextEncoder().encode('{"type":"get"}') };
    }
    if (!this.#isDue || this.#report === undefined) return undefined;
    this.#isDue = false;
    return { topic: reportTopic, payload: this.#report };
  }

  wakeAtMs(): number | undefined {
    return this.#request?.wakeAtMs();
  }

  onReceived({ payload }: Message, nowMs: number): readonly HubServiceEvent[] {
    if (payload.length === 0) return []; // a retained document was removed
    const content = this.#contentOf(payload);
    if (content === 'none') return [];
    const mark = markOf('problem' in content ? payload : JSON.stringify(content));
    const before = this.#handled;
    if (before?.mark === mark) return [];
    const isOther = content.version !== null && content.version === before?.version;
    if (isOther || 'problem' in content) {
      if (!this.#limit.take(nowMs)) return [];
      this.#handled = { version: content.version, mark };
      return [rejection(content.version, mark, 'problem' in content ? content.problem : OTHER_CONTENT)];
    }
    this.#handled = { version: content.version, mark };
    return [{ kind: 'configuration', document: { ...content, mark } }];
  }

  /** Reads a document, in the envelope of the hub if it has one. Total over all payloads. */
  #contentOf(payload: Uint8Array): DocumentContent | 'none' {
    if (payload.length > DOCUMENT_BYTES_MAX)
      return malformed(null, `it has ${payload.length} bytes; the limit is ${DOCUMENT_BYTES_MAX}`);
    const fields = objectIn(payload);
    if (fields === undefined) return malformed(null, 'it is not a JSON object');
    if (this.#options.requestTopic === undefined) return readDocument(fields);
    const { type, result = 0, payload: inner } = fields;
    if (type === 'reply') this.#request = undefined;
    if (result === DISABLED) return 'none';
    if ((type !== 'reply' && type !== 'push') || result !== 0 || !isTable(inner))
      return malformed(null, 'it has no "payload" with a document');
    return readDocument(inner);
  }
}

type DocumentContent = Omit<HubDocument, 'mark'> | { readonly version: string | null; readonly problem: string };

function readDocument(fields: JsonObject): DocumentContent {
  const { version, config, confirm_s, restart = false } = fields;
  if (typeof version !== 'string' || !VERSION.test(version))
    return malformed(null, 'it has no "version" of 1 to 64 letters, digits, . _ : or -');
  if (!isTable(config)) return malformed(version, 'its "config" is not an object');
  if (isDeeperThan(config, DOCUMENT_DEPTH_MAX))
    return malformed(version, `its "config" is nested more than ${DOCUMENT_DEPTH_MAX} times`);
  const isTime =
    confirm_s === undefined ||
    (typeof confirm_s === 'number' && confirm_s >= CONFIRM_S.min && confirm_s <= CONFIRM_S.max);
  if (!isTime) return malformed(version, `its "confirm_s" is not a number from ${CONFIRM_S.min} to ${CONFIRM_S.max}`);
  if (typeof restart !== 'boolean') return malformed(version, 'its "restart" is not true or false');
  const known = ['version', 'config', 'confirm_s', 'restart'];
  const unknown = Object.keys(fields).find((key) => !known.includes(key));
  if (unknown !== undefined)
    return malformed(version, `it has the unknown key ${JSON.stringify(unknown.slice(0, 64))}`);
  const confirmMs = typeof confirm_s === 'number' ? Math.round(confirm_s * 1000) : undefined;
  return { version, config, confirmMs, restart };
}

function malformed(
  version: string | null,
  problem: string,
): { readonly version: string | null; readonly problem: string } {
  return { version, problem };
}

/** Digest of a document without the envelope of the hub, or of a payload that is not a document. */
function markOf(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

function rejection(version: string | null, mark: string, why: string): HubServiceEvent {
  return { kind: 'configurationRejected', outcome: { version, mark, result: 'rejected', reason: why } };
}

function objectIn(payload: Uint8Array): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return isTable(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isTable(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
