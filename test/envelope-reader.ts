/**
 * Receiver of envelopes with the default names, written by the documents alone (docs/measurement-time.md): finds the
 * bytes of the payload.
 */

/** Members of an envelope besides the payload. */
export interface OpenedEnvelope {
  readonly payload: Uint8Array;
  readonly measured_at: string | null;
  readonly age_ms: number;
  readonly time_quality: 'exact' | 'at_least' | 'none';
  readonly age_quality: 'exact' | 'at_least';
  readonly replayed: boolean;
  readonly seq: number | null;
}

const HEAD = '{"payload":';
const FIELDS_BEGIN = '"measured_at":';

export function opened(bytes: Uint8Array): OpenedEnvelope {
  const text = Buffer.from(bytes).toString();
  const { payload, encoding, ...members } = JSON.parse(text);
  return { ...members, payload: payloadIn(bytes, text, { payload, encoding }) };
}

function payloadIn(
  bytes: Uint8Array,
  text: string,
  { payload, encoding }: { readonly payload: unknown; readonly encoding: unknown },
): Uint8Array {
  if (encoding === 'text') return new TextEncoder().encode(String(payload));
  if (encoding === 'base64') return new Uint8Array(Buffer.from(String(payload), 'base64'));
  const fields = Buffer.from(bytes).lastIndexOf(FIELDS_BEGIN);
  if (encoding === 'json') return bytes.slice(HEAD.length, fields - ',"encoding":"json",'.length);
  // fields: the members were added before the last brace, after a comma if the object had members
  const end = bytes.lastIndexOf('}'.charCodeAt(0));
  const hasComma = bytes[fields - 1] === ','.charCodeAt(0) && !/^\s*\{\s*"measured_at"/.test(text);
  const head = bytes.subarray(0, hasComma ? fields - 1 : fields);
  return new Uint8Array([...head, ...bytes.subarray(end)]);
}
