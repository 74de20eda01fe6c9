/** Answers with the headers that every page has. */
import type { ServerResponse } from 'node:http';

/**
 * Only files of this server are used, nothing is embedded, and no other page can embed this one. Inline scripts and
 * styles are not allowed, so a text that became markup could do nothing.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
};

export interface WebAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function sendAnswer(response: ServerResponse, { status, contentType, text, headers }: WebAnswer): void {
  response.writeHead(status, {
    ...HEADERS,
    'content-type': `${contentType}; charset=utf-8`,
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Answer without a page, for a request that is invalid. */
export function sendRefusal(
  response: ServerResponse,
  status: number,
  text: string,
  headers?: Readonly<Record<string, string>>,
): void {
  const answer = { status, contentType: 'text/plain', text: `${text}\n` };
  sendAnswer(response, headers === undefined ? answer : Object.assign(answer, { headers }));
}

/** @param place path of this server */
export function sendTo(response: ServerResponse, place: string, headers: Readonly<Record<string, string>> = {}): void {
  sendAnswer(response, { status: 303, contentType: 'text/plain', text: '', headers: { ...headers, location: place } });
}

/** Begins a stream of server-sent events. */
export function beginEvents(response: ServerResponse): void {
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
  response.flushHeaders();
}
