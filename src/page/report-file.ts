/** File of `holdfast report`: one page without script and without any resource outside the file. */
import { createHash } from 'node:crypto';
import { dateWords } from '../ops/words.ts';
import { readAsset } from './assets.ts';
import { html } from './markup.ts';
import type { PageContent } from './page-content.ts';
import { documentText, navigation, rawMarkup, sectionMarkup, verdictText } from './page-document.ts';
import { reportSections } from './page-sections.ts';

/** @param period time that charts and events cover, e.g. `last 7 days` */
export function reportFile(content: PageContent, period: string): string {
  const style = readAsset('page.css');
  const sections = reportSections(content, period);
  const name = content.gateway ?? 'unknown gateway';
  const title = `${name}: holdfast report`;
  return documentText({
    title,
    head: html`<meta http-equiv="Content-Security-Policy" content=${policyFor(style)} />
      <style dangerouslySetInnerHTML=${{ __html: style }}></style>`,
    body: html`<a class="skip" href="#sections">Skip to the sections</a>
      <header>
        <h1>${name}</h1>
        <p class="note">Report of ${dateWords(content.madeAtMs)}. Secrets and payloads are removed; names and topics are not.</p>
        ${rawMarkup('div', { id: 'verdict' }, verdictText(content))}
      </header>
      ${navigation(sections)}
      <main id="sections">${sections.map(sectionMarkup)}</main>`,
  });
}

/** The page may use its own style sheet and nothing else, also if a text of the report were markup. */
function policyFor(style: string): string {
  const hash = createHash('sha256').update(style).digest('base64');
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}
