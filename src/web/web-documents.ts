/** Documents of the live page: the overview, a link, and the login. */
import { dateWords } from '../ops/words.ts';
import { html, type Markup } from '../page/markup.ts';
import { documentText, navigation, rawMarkup, sectionMarkup } from '../page/page-document.ts';
import { PERIODS, type PeriodName } from '../page/period.ts';
import type { PageState } from './live-pages.ts';

const STYLE = html`<link rel="stylesheet" href="/page.css" /><link rel="icon" href="/icon.svg" />`;
const HEAD = html`${STYLE}<script src="/idiomorph.js" defer></script><script type="module" src="/live.js"></script>`;

export function overviewDocument(page: PageState, period: PeriodName): string {
  const periods = Object.values(PERIODS).map(
    ({ name, words }) =>
      html`<li><a href=${`/?period=${name}`} aria-current=${name === period ? 'page' : undefined}>${words}</a></li>`,
  );
  return documentText({
    title: `${page.gateway}: holdfast`,
    head: HEAD,
    body: html`${top(page, `/live?period=${period}`)}
      ${navigation(page.sections)}
      <nav aria-label="Time of charts and events" class="screen-only"><ul>${periods}</ul></nav>
      <main id="sections">${page.sections.map(sectionMarkup)}</main>
      ${bottom()}`,
  });
}

export function linkDocument(page: PageState, name: string): string {
  return documentText({
    title: `Link ${name}: ${page.gateway}: holdfast`,
    head: HEAD,
    body: html`${top(page, `/live?link=${encodeURIComponent(name)}`)}
      <nav aria-label="Pages"><ul><li><a href="/">Overview</a></li></ul></nav>
      <main id="sections">
        ${page.sections.map(sectionMarkup)}
        <section aria-labelledby="trace-heading" id="trace" data-stream=${`/trace?of=${encodeURIComponent(name)}`}>
          <h2 id="trace-heading">Live trace</h2>
          <p class="note">Decoded frames as they pass, at most 80 per second: in from the subdevices, out to them. Payloads are shown.</p>
          <p><button type="button" id="trace-button" aria-pressed="false">Start the trace</button> <span id="trace-state" role="status"></span></p>
          <div id="trace-lines" class="trace" tabindex="0" role="log" aria-live="off" aria-label="Frames"></div>
        </section>
      </main>
      ${bottom()}`,
  });
}

/** @param problem reason why the last login was refused */
export function loginDocument(gateway: string, problem: string | undefined): string {
  return documentText({
    title: `Log in: ${gateway}: holdfast`,
    head: STYLE,
    body: html`<main class="login">
      <h1>${gateway}</h1>
      <p>This page shows the state of the gateway. It changes nothing.</p>
      ${problem !== undefined && html`<p class="bad" role="alert" id="problem">${problem}</p>`}
      <form method="post" action="/login">
        <input type="text" name="username" autocomplete="username" value=${gateway} hidden readonly />
        <p><label for="token">Token</label></p>
        <p>
          <input
            type="password"
            id="token"
            name="token"
            autocomplete="current-password"
            required
            autofocus
            aria-describedby=${problem === undefined ? 'where' : 'problem where'}
          />
        </p>
        <p class="note" id="where">The token is in the file that token_file of [web] names on the gateway.</p>
        <p><button type="submit">Log in</button></p>
      </form>
    </main>`,
  });
}

function top(page: PageState, stream: string): Markup {
  return html`<a class="skip" href="#sections">Skip to the content</a>
    <header id="live" data-stream=${stream} data-state=${page.state}>
      <div class="title">
        <h1>${page.gateway}</h1>
        <form method="post" action="/logout" class="screen-only"><button type="submit">Log out</button></form>
      </div>
      ${rawMarkup('div', { id: 'verdict' }, page.verdict)}
      <p class="note" id="connection">State of ${dateWords(page.madeAtMs)}.</p>
      <noscript><p class="note">Without JavaScript the page does not change: load it again for the present state.</p></noscript>
    </header>`;
}

function bottom(): Markup {
  return html`<footer><p class="note">holdfast, read-only page. Times in UTC, except those of the trace.</p></footer>`;
}
