/** Versions of the program and its machine, and the parts of the page that could not be read. */
import { bytesWords, dateWords, durationWords } from '../../ops/words.ts';
import { factList, html, type Markup } from '../markup.ts';
import type { PageContent } from '../page-content.ts';

export function versionSection({ versions, status, madeAtMs }: PageContent): Markup {
  const { uptimeMs = 0, rssBytes = 0, clockTrusted = false, pid = 0 } = status?.process ?? {};
  const running = [
    ['Running for', `${durationWords(uptimeMs)} (process ${pid})`],
    ['Memory', bytesWords(rssBytes)],
    ['Clock', clockTrusted ? 'synchronised' : 'not synchronised: times may be wrong'],
  ] as const;
  return factList([
    ...Object.entries(versions),
    ...(status === null ? [] : running),
    ['Time of this page', dateWords(madeAtMs)],
  ]);
}

export function missingSection({ missing }: PageContent): Markup {
  return html`<ul>${missing.map((sentence) => html`<li>${sentence}</li>`)}</ul>`;
}
