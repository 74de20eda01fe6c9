/**
 * Device shadows: a device reads and updates its document; the application side sets a desired state, which is sent to
 * the device.
 *
 * An update contains the version on which the update is based. If the document has another version, the answer is 5005
 * with the whole document. A device may report values and clear desired ones. Only the application side sets desired
 * values.
 *
 * Source: the IoT hub's pages "Device shadow in detail" and "Data flow of the device shadow".
 */

import { z } from 'zod';
import type { JsonObject } from '../../../base/json-value.ts';
import type { Message } from '../../../base/message.ts';
import type { RegisteredDevice } from '../device-registry.ts';
import type { BenchService, Requester } from '../service-contract.ts';
import { PerDevice } from './per-device.ts';
import { deltaOf, EMPTY_SHADOW, type Patch, patched, type ShadowDocument, stamped } from './shadow-document.ts';
import { addressee, jsonTo, readJson } from './system-topic.ts';

const REQUESTS = '$shadow/operation/';
const ANSWERS = '$shadow/operation/result/';

export const SHADOW_RESULT = {
  done: 0,
  versionConflict: 5005,
  /**
   * The change is too large, too deep, or not permitted to a device. The code is our interpretation: the hub documents
   * none.
   */
  refused: 5001,
} as const;

export const JsonState: z.ZodType<JsonObject> = z.record(z.string(), z.json());

const Request = z.discriminatedUnion('type', [
  z.object({ type: z.literal('get'), clientToken: z.string().exactOptional() }),
  z.object({
    type: z.literal('update'),
    clientToken: z.string().exactOptional(),
    version: z.int().exactOptional(),
    state: z.object({ reported: z.union([JsonState, z.null()]).exactOptional(), desired: z.json().exactOptional() }),
  }),
]);

type Update = Extract<z.output<typeof Request>, { type: 'update' }>;

export class ShadowService implements BenchService {
  readonly #documents = new PerDevice<ShadowDocument>();

  takes(topic: string): boolean {
    return topic.startsWith(REQUESTS);
  }

  answer({ topic, payload }: Message, from: Requester, wallMs: number): readonly Message[] | undefined {
    const to = addressee(topic, REQUESTS, from);
    if (to === undefined || to.rest.length > 0) return undefined;
    const { device } = to;
    const request = readJson(payload, Request);
    if (request === undefined) return [];
    const { type } = request;
    const token = request.clientToken === undefined ? {} : { clientToken: request.clientToken };
    const { result, content } =
      type === 'get'
        ? { result: SHADOW_RESULT.done, content: wholeOf(this.documentOf(device), wallMs) }
        : this.#update(device, request, wallMs);
    return [jsonTo(device, ANSWERS, { type, result, timestamp: wallMs, ...token, payload: content })];
  }

  documentOf(device: RegisteredDevice): ShadowDocument {
    return this.#documents.get(device) ?? EMPTY_SHADOW;
  }

  /** Sets a desired state. @returns the result, and the messages for the device */
  desire(
    device: RegisteredDevice,
    desired: { readonly state: JsonObject | null; readonly version?: number | undefined },
    wallMs: number,
  ): { readonly result: number; readonly messages: readonly Message[] } {
    const { result } = this.#change(device, { patch: { desired: desired.state }, version: desired.version }, wallMs);
    const document = this.documentOf(device);
    const state = result === SHADOW_RESULT.done ? deltaOf(document) : undefined;
    if (state === undefined) return { result, messages: [] };
    const { version } = document;
    const content = { state, metadata: stamped(state, wallMs), version, timestamp: wallMs };
    return { result, messages: [jsonTo(device, ANSWERS, { type: 'delta', timestamp: wallMs, payload: content })] };
  }

  #update(device: RegisteredDevice, { state, version }: Update, wallMs: number): { result: number; content: object } {
    const { reported, desired } = state;
    // a device may clear desired values, but not set them
    if (desired !== undefined && desired !== null) return { result: SHADOW_RESULT.refused, content: {} };
    const patch = { ...(reported === undefined ? {} : { reported }), ...(desired === undefined ? {} : { desired }) };
    return this.#change(device, { patch, version }, wallMs);
  }

  #change(
    device: RegisteredDevice,
    { patch, version }: { readonly patch: Patch; readonly version: number | undefined },
    wallMs: number,
  ): { result: number; content: object } {
    const document = this.documentOf(device);
    if (version !== undefined && version !== document.version) {
      return { result: SHADOW_RESULT.versionConflict, content: wholeOf(document, wallMs) };
    }
    const next = patched(document, patch, wallMs);
    if (next === undefined) return { result: SHADOW_RESULT.refused, content: {} };
    this.#documents.set(device, next);
    const { reported } = patch;
    const metadata = reported === undefined || reported === null ? {} : { reported: stamped(reported, wallMs) };
    return {
      result: SHADOW_RESULT.done,
      content: { state: patch, metadata, version: next.version, timestamp: wallMs },
    };
  }
}

/** Returns the document in the form that a device receives. An empty document has no content. */
function wholeOf(document: ShadowDocument, wallMs: number): object {
  if (document.version === 0) return document;
  const delta = deltaOf(document);
  const state = delta === undefined ? document.state : { ...document.state, delta };
  return { ...document, state, timestamp: wallMs };
}
