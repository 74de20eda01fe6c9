/**
 * Pages of the web server by path: files, login, live pages and their streams. All requests need a session or a token,
 * except the login and the files of the page.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '../base/fault.ts';
import { bracketed } from '../base/host-and-port.ts';
import { readAsset } from '../page/assets.ts';
import { PERIODS, periodNamed } from '../page/period.ts';
import { AccessCheck, type Login } from './access-check.ts';
import { LivePages, type PageChoice } from './live-pages.ts';
import { LiveStreams } from './live-streams.ts';
import { PageSource } from './page-source.ts';
import { TraceStreams } from './trace-streams.ts';
import { sendAnswer, sendRefusal, sendTo } from './web-answer.ts';
import { linkDocument, loginDocument, overviewDocument } from './web-documents.ts';

export interface WebServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly hostNames: readonly string[];
  readonly token: () => string;
  readonly controlSocket: string;
  readonly gateway: string;
  readonly version: string;
}

/** Largest form: a token and the name of its field. */
const FORM_BYTES_MAX = 4096;

/** Paths without an end; HEAD, which asks for the headers of a whole answer, is refused. */
const STREAMS: ReadonlySet<string> = new Set(['/live', '/trace']);

const JAVASCRIPT = 'text/javascript';
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b57a4"/><path d="M4 3v10M12 3v10M4 8h8" stroke="#fff" stroke-width="2"/></svg>';

export class WebSite {
  readonly #options: WebServerOptions;
  readonly #access: AccessCheck;
  readonly #source: PageSource;
  readonly #pages: LivePages;
  readonly #streams: LiveStreams;
  readonly #traces: TraceStreams;

  constructor(options: WebServerOptions) {
    const { host, hostNames, gateway, token, controlSocket, version } = options;
    const nowMs = (): number => performance.now();
    const own = bracketed(host);
    const names = ['localhost', '127.0.0.1', '[::1]', own, ...hostNames].map((name) => name.toLowerCase());
    this.#options = options;
    this.#access = new AccessCheck({ gateway, token, nowMs, hostNames: new Set(names) });
    this.#source = new PageSource({ controlSocket, version, gateway, nowMs });
    this.#pages = new LivePages(this.#source, nowMs);
    this.#streams = new LiveStreams(this.#pages);
    this.#traces = new TraceStreams(controlSocket);
  }

  close(): void {
    this.#streams.close();
    this.#traces.close();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#access.isForThisHost(request)) return sendRefusal(response, 421, WRONG_HOST);
    const [path = '', query = ''] = (request.url ?? '').split('?');
    if (request.method === 'POST') return await this.#post(path, request, response);
    const isHead = request.method === 'HEAD' && !STREAMS.has(path);
    if (request.method !== 'GET' && !isHead)
      return sendRefusal(response, 405, 'This page is read-only.', { allow: 'GET' });
    if (this.#asset(path, response)) return;
    if (path === '/login') return this.#loginPage(response, 200, undefined);
    const login = this.#access.check(request);
    if (login !== 'accepted') return this.#turnAway(login, request, response);
    await this.#page(path, new URLSearchParams(query), response);
  }

  /** Answers with a file of the page, which contains nothing about the gateway. */
  #asset(path: string, response: ServerResponse): boolean {
    const send = (contentType: string, text: string): true => {
      sendAnswer(response, { status: 200, contentType, text, headers: { 'cache-control': 'max-age=3600' } });
      return true;
    };
    switch (path) {
      case '/page.css':
        return send('text/css', readAsset('page.css'));
      case '/live.js':
        return send(JAVASCRIPT, readAsset('live.js'));
      case '/idiomorph.js':
        return send(JAVASCRIPT, readAsset('idiomorph.js'));
      case '/icon.svg':
        return send('image/svg+xml', ICON);
      default:
        return false;
    }
  }

  async #page(path: string, asked: URLSearchParams, response: ServerResponse): Promise<void> {
    const period = periodNamed(asked.get('period') ?? PERIODS.day.name);
    const link = linkIn(path);
    if (path === '/' && period !== undefined) {
      const page = await this.#pages.page({ kind: 'overview', period: period.name });
      if (page !== undefined) return sendHtml(response, 200, overviewDocument(page, period.name));
    }
    if (link !== undefined) {
      const page = await this.#pages.page({ kind: 'link', name: link });
      if (page !== undefined) return sendHtml(response, 200, linkDocument(page, link));
    }
    if (path === '/live' && period !== undefined) {
      const name = asked.get('link');
      return await this.#live(
        name === null ? { kind: 'overview', period: period.name } : { kind: 'link', name },
        Number(asked.get('state')),
        response,
      );
    }
    if (path === '/trace') return await this.#trace(asked.get('of') ?? '', response);
    if (path === '/v1/status') return await this.#status(response);
    sendRefusal(response, 404, 'There is no such page. The first page is /.');
  }

  async #live(choice: PageChoice, state: number, response: ServerResponse): Promise<void> {
    if (this.#streams.isFull) return sendRefusal(response, 503, 'Too many browsers follow the page. Try again later.');
    if ((await this.#pages.page(choice)) === undefined) return sendRefusal(response, 404, 'There is no such link.');
    if (!response.destroyed) this.#streams.follow(response, choice, Number.isFinite(state) ? state : 0);
  }

  async #trace(name: string, response: ServerResponse): Promise<void> {
    const status = await this.#source.status();
    const isKnown = !(status instanceof Fault) && status.links.some((link) => link.name === name);
    if (!isKnown) return sendRefusal(response, 404, 'There is no such link, or the gateway does not answer.');
    if (this.#traces.isFull) return sendRefusal(response, 503, 'Too many browsers follow a trace. Try again later.');
    if (!response.destroyed) await this.#traces.follow(response, name);
  }

  async #status(response: ServerResponse): Promise<void> {
    const status = await this.#source.status();
    const contentType = 'application/json';
    if (!(status instanceof Fault))
      return sendAnswer(response, { status: 200, contentType, text: `${JSON.stringify(status)}\n` });
    const text = `${JSON.stringify({ error: status.message, hint: status.hint })}\n`;
    sendAnswer(response, { status: 503, contentType, text });
  }

  async #post(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path !== '/login' && path !== '/logout')
      return sendRefusal(response, 405, 'This page is read-only.', { allow: 'GET' });
    if (!this.#access.isOwnForm(request)) return sendRefusal(response, 403, 'The form is not of this page.');
    if (path === '/logout') return sendTo(response, '/login', { 'set-cookie': this.#access.endSession(request) });
    const form = await readForm(request);
    if (form === undefined) return sendRefusal(response, 413, `A form has at most ${FORM_BYTES_MAX} bytes.`);
    const login = this.#access.compare(form.get('token')?.trim() ?? '', request);
    if (login === 'accepted') return sendTo(response, '/', { 'set-cookie': this.#access.beginSession() });
    if (login === 'limited') return this.#loginPage(response, 429, LIMITED);
    this.#loginPage(response, 401, 'The token is wrong.');
  }

  /** A browser gets the login; a program gets the status of HTTP. */
  #turnAway(login: Exclude<Login, 'accepted'> | 'none', request: IncomingMessage, response: ServerResponse): void {
    if (login === 'limited') return sendRefusal(response, 429, LIMITED, { 'retry-after': '30' });
    const isBrowser = login === 'none' && (request.headers.accept ?? '').includes('text/html');
    if (isBrowser) return sendTo(response, '/login');
    sendRefusal(response, 401, 'A token is needed.', { 'www-authenticate': 'Bearer realm="holdfast"' });
  }

  #loginPage(response: ServerResponse, status: number, problem: string | undefined): void {
    sendHtml(response, status, loginDocument(this.#options.gateway, problem));
  }
}

const LIMITED = 'Too many failed logins. Wait 30 s, then try again.';
const WRONG_HOST =
  'This host name does not belong to the page. Use localhost, or add the name to host_names of [web] in the configuration.';

function sendHtml(response: ServerResponse, status: number, text: string): void {
  sendAnswer(response, { status, contentType: 'text/html', text });
}

/** Name of the link in the path of its page. */
function linkIn(path: string): string | undefined {
  const [, name] = /^\/links\/([^/]+)$/.exec(path) ?? [];
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

/** @returns `undefined`: the form is too large */
async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > FORM_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
