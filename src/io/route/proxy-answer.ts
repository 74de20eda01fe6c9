/**
 * Request for a tunnel and the answer of an HTTP proxy to it (RFC 9110 §9.3.6, RFC 9112 §3.2.3, Basic authentication by
 * RFC 7617). Pure.
 *
 * The answer is read up to the empty line. What follows belongs to the tunnel if the proxy agrees, and is ignored if it
 * does not.
 */

/** User name and password for the proxy. */
export interface ProxyLogin {
  readonly username: string;
  readonly password: string;
}

export interface ProxyAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Words beside the status, of the proxy, without control characters. */
  readonly phrase: string;
  /** Names of the offered kinds of authentication, in lower case. */
  readonly schemes: readonly string[];
  /** Bytes after the empty line. */
  readonly rest: Uint8Array;
}

type ProxyReading = ProxyAnswer | { readonly kind: 'more' } | { readonly kind: 'invalid'; readonly problem: string };

/** Largest size of the head of an answer: as for the answers of HTTP servers in Node. */
export const ANSWER_BYTES_MAX = 16 * 1024;
/** Largest number of characters of the words beside the status that are shown. */
const PHRASE_LENGTH_MAX = 80;
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/;
const HEAD_START = 'HTTP/1.';
const TOO_LONG = `sent more than ${ANSWER_BYTES_MAX} bytes before the end of its answer`;

/** @param peer `host:port`, with brackets around an IPv6 address */
export function tunnelRequest(peer: string, login: ProxyLogin | undefined): string {
  const lines = [`CONNECT ${peer} HTTP/1.1`, `Host: ${peer}`];
  if (login !== undefined) {
    const pair = Buffer.from(`${login.username}:${login.password}`, 'utf8').toString('base64');
    lines.push(`Proxy-Authorization: Basic ${pair}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Interim answers, such as 100 Continue (RFC 9110 §15.2). 101 would be the last answer. */
const INTERIM = /^(?:HTTP\/1\.[01] 1(?!01)\d\d(?: [^\r\n]*)?\r?\n(?:[^\r\n]+\r?\n)*\r?\n)+/;

/** @param received all bytes of the proxy until now */
export function readProxyAnswer(received: Uint8Array): ProxyReading {
  const all = Buffer.from(received.buffer, received.byteOffset, received.length).toString('latin1');
  const interimBytes = INTERIM.exec(all)?.[0].length ?? 0;
  const [head, text] = [received.subarray(interimBytes), all.slice(interimBytes)];
  const reading = readFinalAnswer(head, text);
  if (reading.kind !== 'more' || received.length <= ANSWER_BYTES_MAX) return reading;
  return { kind: 'invalid', problem: TOO_LONG };
}

function readFinalAnswer(head: Uint8Array, text: string): ProxyReading {
  const start = text.slice(0, HEAD_START.length);
  if (!HEAD_START.startsWith(start)) return { kind: 'invalid', problem: 'does not answer in HTTP' };
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null || end.index > ANSWER_BYTES_MAX) {
    if (text.length <= ANSWER_BYTES_MAX) return { kind: 'more' };
    return { kind: 'invalid', problem: TOO_LONG };
  }
  const [first = '', ...fields] = text.slice(0, end.index).split(/\r?\n/);
  const [, status, phrase = ''] = STATUS_LINE.exec(first) ?? [];
  if (status === undefined) return { kind: 'invalid', problem: 'does not answer in HTTP' };
  return {
    kind: 'answer',
    status: Number(status),
    phrase: phrase
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, PHRASE_LENGTH_MAX)
      .trim(),
    schemes: fields.flatMap((field) => schemeOf(field) ?? []),
    rest: head.subarray(end.index + end[0].length),
  };
}

function schemeOf(field: string): string | undefined {
  return /^proxy-authenticate:\s*([\w-]{1,40})/i.exec(field)?.[1]?.toLowerCase();
}

/**
 * Returns why the proxy opens no tunnel. `undefined`: it has opened one, as any status 2xx says.
 * @param peer `host:port` of the hub
 */
export function proxyRefusal(
  { status, phrase, schemes }: ProxyAnswer,
  peer: string,
  login: ProxyLogin | undefined,
): string | undefined {
  if (status >= 200 && status < 300) return undefined;
  const words = phrase === '' ? String(status) : `${status} ${phrase}`;
  if (status === 407) {
    if (schemes.length > 0 && !schemes.includes('basic'))
      return `asks for authentication by ${schemes.join(' or ')}, and this gateway has Basic only (${words})`;
    return login === undefined
      ? `asks for a user name and a password (${words})`
      : `does not accept the user name and the password (${words})`;
  }
  if (status === 403 || status === 405) return `does not permit a tunnel to ${peer} (${words})`;
  if (status >= 500) return `opened no tunnel to ${peer}: it may not reach the hub, or not find its name (${words})`;
  return `opened no tunnel to ${peer} (${words})`;
}
