/**
 * Thread of the web page: a client of the control socket like `holdfast status`. So a page that is rendered delays no
 * serial timer, and a defect of the page ends this thread and not the gateway.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Fault } from '../base/fault.ts';
import { RenewedSecret } from '../io/secret-file.ts';
import { readWebToken } from '../io/web-token.ts';
import type { WebThreadInput, WebThreadReport } from './web-messages.ts';
import { startWebServer, type WebServer } from './web-server.ts';

/** Pause between two attempts to open the page. */
const AGAIN_MS = 60_000;

const input = workerData as WebThreadInput;
if (parentPort === null) throw new Error('web/web-worker.ts runs as a worker thread only');
const port = parentPort;
const report = (what: WebThreadReport): void => port.postMessage(what);

for (;;) {
  try {
    const { host } = input.web;
    const server = await open();
    report({ kind: 'listening', host, port: server.port });
    break;
  } catch (error) {
    report(problemOf(error));
    await pause(AGAIN_MS);
  }
}

function open(): Promise<WebServer> {
  const { web, controlSocket, gateway, version } = input;
  // The last valid token stays in use, so that a broken file ends no login.
  const token = new RenewedSecret(
    () => readWebToken(web.tokenFile),
    () => undefined,
  );
  return startWebServer({ ...web, controlSocket, gateway, version, token: () => token.current() });
}

function problemOf(error: unknown): WebThreadReport {
  if (error instanceof Fault) return { kind: 'down', what: error.message, hint: error.hint };
  const what = error instanceof Error ? error.message : String(error);
  const { host, port: number } = input.web;
  return {
    kind: 'down',
    what: `cannot listen on ${host} port ${number}: ${what}`,
    hint: 'Find the program on this port (sudo ss -ltnp), or correct web.listen; then: sudo holdfast config apply',
  };
}
