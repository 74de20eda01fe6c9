/** Whole documents: head, verdict, navigation and sections, shared by the file and the live page. */
import { printable } from '../ops/words.ts';
import { html, type Markup, markupText } from './markup.ts';
import type { PageContent, PageSection } from './page-content.ts';
import { toneOf } from './sections/condition-section.ts';

export interface DocumentParts {
  readonly title: string;
  /** Content of `head` after the title. */
  readonly head: Markup;
  readonly body: Markup;
}

export function documentText({ title, head, body }: DocumentParts): string {
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${title}</title>
      ${head}
    </head>
    <body>${body}</body>
  </html>`;
  return `<!doctype html>\n${markupText(page)}\n`;
}

/** Verdict in two parts: the answer, which a screen reader announces when it changes, and the sentence behind it. */
export function verdictText({ verdict }: PageContent): string {
  const [question, answer, rest] = splitAnswer(verdict);
  return markupText(html`<div class=${`verdict ${toneOf(verdict.losing)}`}>
    <p class="answer" role="status">${question} <strong>${answer}</strong></p>
    <p class="sentence">${printable(rest)}</p>
  </div>`);
}

/** The first sentence of a verdict is the answer: `No.`, `Not yet.`, `Unknown.`, `Yes.` */
function splitAnswer({ losing, sentence }: PageContent['verdict']): readonly [string, string, string] {
  if (losing === 'not running')
    return ['The gateway is', 'not running.', sentence.replace(/^The gateway is not running: i/, 'I')];
  const end = sentence.indexOf('.') + 1;
  return ['Losing data?', sentence.slice(0, end), sentence.slice(end).trim()];
}

/** Markup of text that is HTML already. */
export function rawMarkup(tag: 'div' | 'main', attributes: Readonly<Record<string, string>>, text: string): Markup {
  return html`<${tag} ...${attributes} dangerouslySetInnerHTML=${{ __html: text }} />`;
}

export function navigation(sections: readonly Pick<PageSection, 'id' | 'title'>[]): Markup {
  return html`<nav aria-label="Sections">
    <ul>${sections.map(({ id, title }) => html`<li><a href=${`#${id}`}>${title.split(',')[0]}</a></li>`)}</ul>
  </nav>`;
}

export function sectionMarkup({ id, title, markup }: PageSection): Markup {
  return html`<section id=${id} aria-labelledby=${`${id}-heading`}>
    <h2 id=${`${id}-heading`}>${title}</h2>
    ${rawMarkup('div', { id: `${id}-content`, class: 'content' }, markup)}
  </section>`;
}
