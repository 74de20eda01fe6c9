/**
 * Device shadows: a device gets and updates its document, the application side desires a state and the device is told.
 *
 * An update names the version it is about; another one gets 5005 with the whole document. A device may report, and clear
 * what is desired; only the application side desires.
 *
 * Source: "Device shadow in detail", "Data flow of the device shadow" (hub contract §4.1).
 */
import { z } from 'zod';
import type { Message } from '../../../base/message.ts';
import type { RegisteredDevice } from '../device-registry.ts';
import type { BenchService, Requester } from '../service-contract.ts';
import { PerDevice } from './per-device.ts';
import {
  deltaOf,
  EMPTY_SHADOW,
  type JsonObject,
  type Patch,
  patched,
  type ShadowDocument,
  stamped,
} from './shadow-document.ts';
import { addressee, jsonTo, readJson } from './system-topic.ts';

const REQUESTS = '$shadow/operation/';
const ANSWERS = '$shadow/operation/result/';

export const SHADOW_RESULT = {
  done: 0,
  versionConflict: 5005,
  /** Too large, too deep, or not what a device may change. The code is our reading: none is documented. */
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

  /** The application side wants a state. @returns what came of it, and what the device is to be told */
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
    // a device may clear what is desired of it, and no more
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

/** The document as a device gets it. An empty one is bare. */
function wholeOf(document: ShadowDocument, wallMs: number): object {
  if (document.version === 0) return document;
  const delta = deltaOf(document);
  const state = delta === undefined ? document.state : { ...document.state, delta };
  return { ...document, state, timestamp: wallMs };
}
