/** Headless Chromium of the system for tests, and the web page of a testbed in it. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { until } from './until.ts';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const PROGRAM = PLACES.find((path) => existsSync(path));

/** Reason for skipped tests, or `false`. */
export const CHROMIUM_IS_MISSING = PROGRAM === undefined && 'no Chromium is installed (apt install chromium)';

/** Time limit of each step; on a machine with other work a step takes long. */
const STEP_MS_MAX = 120_000;

export const WEB_TOKEN = 'browser-token-0123456789';

export async function openBrowser(): Promise<Browser> {
  return await puppeteer.launch({
    executablePath: PROGRAM ?? '',
    timeout: STEP_MS_MAX,
    protocolTimeout: STEP_MS_MAX,
    // Tests run as root in containers, where the sandbox of Chromium does not start. The page is of this program.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

export interface WebPlace {
  readonly origin: string;
  /** Section of the configuration. */
  readonly config: string;
  remove(): void;
}

/** Free port and token file for the web page of a gateway. */
export async function webPlace(): Promise<WebPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-web-'));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${WEB_TOKEN}\n`, { mode: 0o600 });
  const port = await freePort();
  return {
    origin: `http://127.0.0.1:${port}`,
    config: `[web]\nlisten = "127.0.0.1:${port}"\ntoken_file = "${tokenFile}"\n`,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Page of the browser, with everything that it must not do. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, and violations of the policy. */
  readonly problems: string[];
  /** Addresses of all requests. */
  readonly requests: readonly string[];
}

export async function newPage(browser: Browser): Promise<WatchedPage> {
  const page = await browser.newPage();
  page.setDefaultTimeout(STEP_MS_MAX);
  const problems: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warn') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (one) => requests.push(one.url()));
  return { page, problems, requests };
}

/** Waits until the page answers. */
export async function untilServed(origin: string): Promise<void> {
  await until(async () => {
    const answer = await fetch(`${origin}/login`).catch(() => undefined);
    return answer?.status === 200;
  });
}

export async function logIn(page: Page, origin: string, token = WEB_TOKEN): Promise<void> {
  await page.goto(`${origin}/login`);
  await page.type('#token', token);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}
