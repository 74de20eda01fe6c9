/**
 * Document of an uplink on a shared topic: it names the subdevice, and may have the time of the measurement. Pure.
 *
 *     values-by-device   {"NAME":[{"ts":1783501811120,"values":{"temperature":42}}]}
 *     by-device          {"NAME":{"temperature":42}}
 *     with-device        {"device":"NAME","temperature":42}
 *
 * Any payload that is not a JSON object becomes `{"value":…}`. Invariants: the bytes of a JSON payload are unchanged;
 * no payload can name another subdevice, because a payload with a member `device` of its own is nested in `value`.
 */
import { DEVICE_MEMBER, type DocumentForm } from '../base/shared-topic.ts';
import { DATE_MS_MAX, joined, nested, objectIn, textOf } from './json-payload.ts';

export interface DocumentHead {
  readonly form: DocumentForm;
  /** Name of the subdevice at the hub. */
  readonly name: string;
}

const OPENING_BRACE = 0x7b;

const encoder = new TextEncoder();

/** @param ms time of the measurement, Unix ms; `undefined`: not known, so the receiver uses the time of arrival */
export function documentOf(
  { form, name, ms }: DocumentHead & { readonly ms: number | undefined },
  payload: Uint8Array,
) {
  const text = textOf(payload);
  const own = text === undefined ? undefined : objectIn(text);
  const object = own === undefined ? asValue(payload, text) : payload;
  const quoted = JSON.stringify(name);
  switch (form) {
    case 'by-device':
      return around(`{${quoted}:`, object, '}');
    case 'values-by-device': {
      const isDated = ms !== undefined && ms >= 0 && ms <= DATE_MS_MAX;
      if (!isDated) return around(`{${quoted}:[`, object, ']}');
      return around(`{${quoted}:[{"ts":${Math.floor(ms)},"values":`, object, '}]}');
    }
    case 'with-device': {
      const isTaken = own !== undefined && Object.hasOwn(own, DEVICE_MEMBER);
      const members = isTaken ? asValue(payload, text) : object;
      const isEmpty = own !== undefined && Object.keys(own).length === 0;
      const rest = members.subarray(members.indexOf(OPENING_BRACE) + 1);
      return around(`{"${DEVICE_MEMBER}":${quoted}${isEmpty ? '' : ','}`, rest, '');
    }
  }
}

/** Largest number of bytes of the document, whenever it is sent. */
export function documentBytesMax(head: DocumentHead, payload: Uint8Array): number {
  return documentOf({ ...head, ms: DATE_MS_MAX }, payload).length;
}

function asValue(payload: Uint8Array, text: string | undefined): Uint8Array {
  return around('{"value":', nested(payload, text).value, '}');
}

function around(before: string, bytes: Uint8Array, after: string): Uint8Array {
  return joined(encoder.encode(before), bytes, encoder.encode(after));
}
