/**
 * Texts for the handshake and the end of a WebSocket connection: predicates about the hub, without their subject. Pure. The
 * status codes are those of RFC 6455 §7.4.1 and of the IANA registry.
 */

/** End of a WebSocket connection, with a predicate about the peer as its message. */
export class WebSocketEnd extends Error {}

const CODE_WORDS: Readonly<Record<number, string>> = {
  1000: 'normal closure',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1007: 'invalid data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'extension required',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
};
/** Largest number of characters of the words beside an HTTP status that are shown. */
const STATUS_LENGTH_MAX = 80;

/** @param code status code of the close frame */
export function closeWords(code: number, reason: Buffer): string {
  const known = CODE_WORDS[code];
  const text = reason.toString('utf8').replace(/\p{Cc}/gu, '?');
  const words = known === undefined ? '' : ` (${known})`;
  return `closed the WebSocket with code ${code}${words}${text === '' ? '' : `: ${text}`}`;
}

/** @param error of the library, for bytes that break its rules */
export function breachWords(error: Error, messageBytesMax: number): string {
  if (codeOf(error) === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
    return `sent a WebSocket message of more than ${messageBytesMax} bytes`;
  return `broke the WebSocket protocol: ${error.message}`;
}

/** Text for an answer of HTTP without a change to WebSocket. */
export function answerWords(path: string, status: number | undefined, phrase: string | undefined): string {
  const words = `${status} ${phrase ?? ''}`.replace(/[^\x20-\x7e]/g, '?').trim();
  return `answered the WebSocket request for ${path} with HTTP ${words.slice(0, STATUS_LENGTH_MAX)}`;
}

/** Text for an error of the handshake, by the messages of the library and the codes of Node's reader of HTTP. */
export function handshakeWords(error: Error, port: number): string {
  const { message } = error;
  const code = codeOf(error);
  if (/subprotocol/.test(message)) return 'does not offer the WebSocket subprotocol mqtt';
  if (/extension/i.test(message)) return 'chose a WebSocket extension that was not offered';
  if (/Upgrade header|Sec-WebSocket-Accept/.test(message)) return 'did not complete the WebSocket handshake';
  if (code.startsWith('HPE_')) return `does not answer in HTTP: does port ${port} speak WebSocket?`;
  if (['ECONNRESET', 'EPIPE'].includes(code) || message === 'socket hang up')
    return `closed the connection during the WebSocket handshake: does port ${port} speak WebSocket?`;
  return `did not complete the WebSocket handshake: ${message}`;
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
