/** The web page in a real browser, from a gateway with subdevices and a hub. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestbed } from './testbed.ts';
import {
  CHROMIUM_IS_MISSING,
  logIn,
  newPage,
  openBrowser,
  untilServed,
  type WebPlace,
  webPlace,
} from './web-browser.ts';

if (CHROMIUM_IS_MISSING !== false) console.log(`the tests of the web page are skipped: ${CHROMIUM_IS_MISSING}`);

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.skipIf(CHROMIUM_IS_MISSING)('the web page in a browser', () => {
  let browser: Browser;
  let place: WebPlace;

  beforeAll(async () => {
    browser = await openBrowser();
    place = await webPlace();
  });

  afterAll(async () => {
    await browser?.close();
    place?.remove();
  });

  it('logs in, follows the gateway live, is accessible, and asks no other host', async () => {
    const { origin, config } = place;
    const testbed = await openTestbed({ subdevices: { a: {} }, more: config });
    await testbed.start();
    await untilServed(origin);
    const watched = await newPage(browser);
    const { page, problems, requests } = watched;

    // without a login every page leads to the login, and a wrong token is refused
    await page.goto(`${origin}/links/link-a`);
    expect(page.url()).toBe(`${origin}/login`);
    expect(await audit(page)).toEqual([]);
    await logIn(page, origin, 'wrong');
    expect(await textOf(page, '#problem')).toBe('The token is wrong.');
    problems.length = 0; // the console reports the status 401

    await logIn(page, origin);
    expect(page.url()).toBe(`${origin}/`);
    expect(await textOf(page, 'h1')).toBe('gw');
    await untilText(page, '#connection', 'Live');
    await untilText(page, '#links-content', 'link-a');
    expect(await audit(page)).toEqual([]);

    // an open list stays open and the focus stays where it is while the page changes
    await page.focus('#ledger-content summary');
    await page.keyboard.press('Enter');
    await testbed.loseHub();
    await untilText(page, '#hub-content', 'waiting to reconnect');
    testbed.publish(1);
    await untilText(page, '#hub-content', '1 message');
    expect(await page.$eval('#ledger-content details', (details) => details.open)).toBe(true);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SUMMARY');

    // keyboard alone: the first stop skips to the content, and each stop is visible
    await page.goto(`${origin}/`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
    expect(
      await page.evaluate(() => document.activeElement?.getBoundingClientRect().left ?? -1),
    ).toBeGreaterThanOrEqual(0);
    await page.keyboard.press('Enter');
    expect(page.url()).toContain('#sections');
    await untilFocus(page, 'link-a');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(page.url()).toBe(`${origin}/links/link-a`);

    // the trace of the link
    await page.focus('#trace-button');
    await page.keyboard.press('Enter');
    await untilText(page, '#trace-state', 'Waiting for frames');
    testbed.publish(1);
    await untilText(page, '#trace-lines', 'PUBLISH');
    expect(await page.$eval('#trace-button', (button) => button.getAttribute('aria-pressed'))).toBe('true');
    expect(await audit(page)).toEqual([]);

    // a phone, light and dark
    await page.setViewport({ width: 360, height: 740, isMobile: true, hasTouch: true });
    for (const scheme of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      for (const path of scheme === 'light' ? ['/'] : ['/', '/links/link-a']) {
        await page.goto(`${origin}${path}`);
        const [width, visible] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        expect(width).toBeLessThanOrEqual(visible ?? 0);
        if (scheme === 'dark') expect(await audit(page)).toEqual([]);
      }
    }
    const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(colour).toBe('rgb(18, 24, 31)');
    await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior)).toBe('auto');

    expect(problems).toEqual([]);
    expect(requests.filter((address) => !address.startsWith(`${origin}/`))).toEqual([]);

    await Promise.all([page.waitForNavigation(), page.click('form[action="/logout"] button')]);
    expect(page.url()).toBe(`${origin}/login`);
    await page.goto(`${origin}/`);
    expect(page.url()).toBe(`${origin}/login`);
    await page.close();
  });

  it('negative control: the audit finds a picture without a text, and the page may not load a script of another host', async () => {
    const { page, problems } = await newPage(browser);
    await page.setContent('<html><head></head><body><img src="data:,"></body></html>');
    expect((await audit(page)).some((broken) => broken.startsWith('image-alt'))).toBe(true);
    await page.setContent(
      `<html><head><meta http-equiv="Content-Security-Policy" content="script-src 'none'"></head><body><script>1</script></body></html>`,
    );
    expect(problems.some((problem) => problem.includes('Content Security Policy'))).toBe(true);
    await page.close();
  });
});

/** Rules of WCAG 2.2 A and AA that the page breaks, each with the first place. The program of the audit is not bound by the policy. */
async function audit(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const results = (await page.evaluate(
    `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
  )) as AxeResults;
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.$eval(selector, (found) => found.textContent)) ?? '';
}

async function untilText(page: Page, selector: string, text: string): Promise<void> {
  const script = `document.querySelector(${JSON.stringify(selector)})?.textContent.includes(${JSON.stringify(text)})`;
  await page.waitForFunction(script);
}

/** Presses the tab key until an element with this text has the focus. */
async function untilFocus(page: Page, text: string): Promise<void> {
  for (let count = 0; count < 100; count += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement?.textContent)) === text) return;
  }
  throw new Error(`the tab key does not reach "${text}"`);
}
