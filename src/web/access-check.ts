/**
 * Decides whether a request may see the page: the name in the Host header, the session of the cookie, or the token of the
 * `Authorization` header.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AttemptLimit } from './attempt-limit.ts';
import { LoginSessions, SESSION_MS } from './login-sessions.ts';

export interface AccessOptions {
  /** Name of the gateway, for the cookie: cookies of one host are shared by all ports, and so by all tunnels. */
  readonly gateway: string;
  /** Names and addresses by which the page is reached, in lower case. */
  readonly hostNames: ReadonlySet<string>;
  /** Reads the token again for each login, so that it can be renewed. */
  readonly token: () => string;
  /** Monotonic ms. */
  readonly nowMs: () => number;
}

/** `limited`: the token is wrong, and there were too many failed attempts. */
export type Login = 'accepted' | 'wrong' | 'limited';

export class AccessCheck {
  readonly #options: AccessOptions;
  readonly #sessions = new LoginSessions();
  readonly #limit = new AttemptLimit();
  readonly #cookie: string;
  /** Key for the comparison of tokens: digests of equal length, unknown to the client. */
  readonly #key = randomBytes(32);

  constructor(options: AccessOptions) {
    this.#options = options;
    this.#cookie = `holdfast-${options.gateway}`;
  }

  /**
   * Returns true if the request names this page in its Host header. A page of another host, whose name leads to this
   * address (DNS rebinding), cannot read anything then.
   */
  isForThisHost({ headers }: IncomingMessage): boolean {
    return this.#options.hostNames.has(nameIn(headers.host ?? ''));
  }

  /** Returns true if a form was sent by a page of this host; browsers state where a request comes from. */
  isOwnForm({ headers }: IncomingMessage): boolean {
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
    if (headers.origin === undefined) return true;
    return headers.origin.replace(/^https?:\/\//, '') === headers.host;
  }

  /** Checks the cookie, otherwise the `Authorization` header. */
  check(request: IncomingMessage): Login | 'none' {
    const session = this.#sessionIn(request);
    if (session !== undefined && this.#sessions.isValid(session, this.#options.nowMs())) return 'accepted';
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    return token === undefined ? 'none' : this.compare(token, request);
  }

  /** Compares a token in constant time. Failures are counted. */
  compare(token: string, request: IncomingMessage): Login {
    const nowMs = this.#options.nowMs();
    const address = addressOf(request);
    // Before the limit: failures of another client behind the same address must not lock out a valid token.
    if (timingSafeEqual(this.#digestOf(token), this.#digestOf(this.#options.token()))) return 'accepted';
    if (!this.#limit.allows(address, nowMs)) return 'limited';
    this.#limit.failed(address, nowMs);
    return 'wrong';
  }

  /** Begins a session. @returns the value of `Set-Cookie` */
  beginSession(): string {
    const id = this.#sessions.begin(this.#options.nowMs());
    return `${this.#cookie}=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / 1000}`;
  }

  /** Ends the session of a request. @returns the value of `Set-Cookie` */
  endSession(request: IncomingMessage): string {
    const session = this.#sessionIn(request);
    if (session !== undefined) this.#sessions.end(session);
    return `${this.#cookie}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
  }

  #sessionIn({ headers }: IncomingMessage): string | undefined {
    const parts = (headers.cookie ?? '').split(';').map((part) => part.trim());
    return parts.find((part) => part.startsWith(`${this.#cookie}=`))?.slice(this.#cookie.length + 1);
  }

  #digestOf(token: string): Buffer {
    return createHmac('sha256', this.#key).update(token).digest();
  }
}

/** `[::1]:8080` → `[::1]`, `localhost:8080` → `localhost` */
function nameIn(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}

function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? 'unknown';
}
