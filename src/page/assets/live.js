// @ts-check
/**
 * Live page in the browser: replaces the parts of the page that the server sends, and shows the trace of a link. All
 * markup comes from the server, which escapes every value; texts of the trace are set as text.
 */

/** @typedef {{ element: string, markup: string }} Part */
/** @typedef {{ state: number, madeAtMs: number }} State */
/** @typedef {{ atMs: number, what: string, words: string, isProblem: boolean }} TraceLine */

/** @type {{ morph(target: Element, markup: string, options: object): void }} */
const Idiomorph = /** @type {any} */ (globalThis).Idiomorph;
const LINES_MAX = 200;
/** @type {Record<string, string>} */
const SIGNS = { in: 'in', out: 'out', channel: 'port', command: 'command', decision: 'decision', state: 'state' };

/** @param {string} id */
const element = (id) => document.getElementById(id);

const live = element('live');
const connection = element('connection');
/** @type {EventSource | undefined} */
let following;
let state = live?.dataset.state ?? '0';

/** @param {string} text */
function showConnection(text) {
  if (connection !== null) connection.textContent = text;
}

/** Replaces the content of an element; focus, open details and scroll positions stay. @param {Part} part */
function replace(part) {
  const target = element(part.element);
  if (target === null) return;
  Idiomorph.morph(target, part.markup, {
    morphStyle: 'innerHTML',
    ignoreActiveValue: true,
    callbacks: { beforeAttributeUpdated: (/** @type {string} */ name) => name !== 'open' },
  });
}

function follow() {
  if (live === null || following !== undefined) return;
  const stream = live.dataset.stream ?? '';
  following = new EventSource(`${stream}&state=${state}`);
  following.addEventListener('part', (event) => replace(JSON.parse(event.data)));
  following.addEventListener('state', (event) => {
    /** @type {State} */
    const news = JSON.parse(event.data);
    state = String(news.state);
    showConnection(`Live, last update ${new Date(news.madeAtMs).toISOString().slice(11, 19)} UTC.`);
  });
  following.addEventListener('error', () => {
    const isClosed = following?.readyState === EventSource.CLOSED;
    showConnection(
      isClosed
        ? 'The connection has ended. Load the page again; a new login may be needed.'
        : 'No connection to the gateway. The page tries again.',
    );
  });
}

function pause() {
  following?.close();
  following = undefined;
}

// A page that is not visible costs the gateway nothing.
document.addEventListener('visibilitychange', () => (document.hidden ? pause() : follow()));
follow();

const trace = element('trace');
const button = element('trace-button');
const lines = element('trace-lines');
const traceState = element('trace-state');
/** @type {EventSource | undefined} */
let tracing;

/** @param {string} text */
function showTrace(text) {
  if (traceState !== null) traceState.textContent = text;
}

/** @param {TraceLine} line */
function lineOf({ atMs, what, words, isProblem }) {
  const item = document.createElement('p');
  const time = new Date(atMs);
  const clock = `${time.toLocaleTimeString('en-GB')}.${String(time.getMilliseconds()).padStart(3, '0')}`;
  item.textContent = `${clock}  ${SIGNS[what] ?? what}  ${words}`;
  item.className = isProblem ? 'bad' : what === 'in' || what === 'out' ? what : 'note';
  return item;
}

/** @param {string} text */
function noteOf(text) {
  const item = document.createElement('p');
  item.textContent = text;
  item.className = 'warning';
  return item;
}

/** @param {HTMLElement[]} items */
function append(items) {
  if (lines === null) return;
  const isAtEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
  lines.append(...items);
  while (lines.childElementCount > LINES_MAX) lines.firstElementChild?.remove();
  if (isAtEnd) lines.scrollTop = lines.scrollHeight;
}

function stopTrace() {
  tracing?.close();
  tracing = undefined;
  button?.setAttribute('aria-pressed', 'false');
  if (button !== null) button.textContent = 'Start the trace';
}

function startTrace() {
  tracing = new EventSource(trace?.dataset.stream ?? '');
  button?.setAttribute('aria-pressed', 'true');
  if (button !== null) button.textContent = 'Stop the trace';
  showTrace('Connecting.');
  tracing.addEventListener('started', () => showTrace('Waiting for frames.'));
  tracing.addEventListener('trace', (event) => {
    /** @type {{ lines: TraceLine[], skipped: number }} */
    const batch = JSON.parse(event.data);
    showTrace('The trace is running.');
    append(batch.lines.map(lineOf));
    if (batch.skipped > 0) append([noteOf(`${batch.skipped} more were not shown.`)]);
  });
  tracing.addEventListener('ended', (event) => {
    stopTrace();
    showTrace(`The trace has ended: ${JSON.parse(event.data).why}.`);
  });
  tracing.addEventListener('error', () => {
    stopTrace();
    showTrace('The trace has ended: no connection, or too many browsers follow a trace.');
  });
}

button?.addEventListener('click', () => {
  if (tracing === undefined) return startTrace();
  stopTrace();
  showTrace('The trace is stopped.');
});
