/** Links with their quality. */

import { qualityOf } from '../../ops/reports/link-quality.ts';
import { brokenFrames, type LinkRate, type LinkReport } from '../../ops/reports/link-report.ts';
import { bytesWords, countOf, countWords, durationWords, kernelWords, printable, rateWords } from '../../ops/words.ts';
import { factList, html, type Markup, type TableColumn, table } from '../markup.ts';
import type { PageContent } from '../page-content.ts';

const COLUMNS: readonly TableColumn[] = [
  { heading: 'Link' },
  { heading: 'State' },
  { heading: 'Quality' },
  { heading: 'Frames in', isNumber: true },
  { heading: 'Broken', isNumber: true },
  { heading: 'Repetitions', isNumber: true },
  { heading: 'Round trip p50 / p99', isNumber: true },
  { heading: 'Subdevices', isNumber: true },
];

/** @param pageOf address of the page of a link; `undefined`: links have no pages */
export function linkSection({ status }: PageContent, pageOf?: (name: string) => string): Markup {
  if (status === null) return html`<p>The state of the links is known only while the gateway runs.</p>`;
  return table(
    'Links; frames broken and repeated since the start of the gateway',
    COLUMNS,
    status.links.map((link) => ({
      tone: toneOf(link),
      cells: [
        pageOf === undefined ? link.name : html`<a href=${pageOf(link.name)}>${link.name}</a>`,
        stateWords(link),
        qualityWords(link),
        rateWords(longest(link)?.framesIn ?? 0),
        brokenWords(link),
        countWords(link.counters.retries),
        roundTripWords(link),
        countWords(link.subdevices.length),
      ],
    })),
  );
}

/** Facts of one link. */
export function linkFacts(link: LinkReport): Markup {
  const { counters, recovery, kernel } = link;
  const rate = longest(link);
  return factList([
    ['Port', link.device === null ? link.path : `${link.path} (now ${link.device})`],
    ['Driver', link.driver],
    ['State', stateWords(link)],
    ['Last problem', printable(link.lastProblem ?? 'none')],
    ['Quality', qualityWords(link)],
    ['In', `${rateWords(rate?.framesIn ?? 0)} frames, ${bytesWords(rate?.bytesIn ?? 0)}/s`],
    ['Out', `${rateWords(rate?.framesOut ?? 0)} frames, ${bytesWords(rate?.bytesOut ?? 0)}/s`],
    ['Broken frames', brokenWords(link)],
    ['Repetitions', countWords(counters.retries)],
    ['Round trip p50 / p99', roundTripWords(link)],
    ['Opened', countOf(counters.openings, 'time')],
    [
      'Recovery steps',
      `resync ${countWords(recovery.resync)}, reopen ${countWords(recovery.reopen)}, toggle ${countWords(recovery.toggle)}, reauthorise ${countWords(recovery.reauthorise)}`,
    ],
    ['Errors of the kernel', kernelWords(kernel)],
    ['Subdevices', link.subdevices.length === 0 ? 'none attached' : link.subdevices.join(', ')],
  ]);
}

function stateWords({ state, forMs }: LinkReport): string {
  return `${state} for ${durationWords(forMs)}`;
}

function qualityWords(link: LinkReport): string {
  return link.state === 'open' ? qualityOf(link) : '-';
}

function toneOf(link: LinkReport): 'warning' | 'bad' | undefined {
  if (link.state !== 'open') return 'bad';
  const quality = qualityOf(link);
  if (quality === 'bad') return 'bad';
  return quality === 'fair' ? 'warning' : undefined;
}

/** Rate of the longest window. */
function longest({ rates }: LinkReport): LinkRate | undefined {
  return rates.toSorted((one, other) => other.overS - one.overS)[0];
}

function brokenWords({ counters }: LinkReport): string {
  const broken = brokenFrames(counters);
  const all = broken + counters.framesIn;
  if (broken === 0 || all === 0) return countWords(broken);
  return `${countWords(broken)} (${Number(((100 * broken) / all).toPrecision(2))} %)`;
}

function roundTripWords({ roundTrip: { p50Ms, p99Ms } }: LinkReport): string {
  return p50Ms === null || p99Ms === null ? '-' : `${countWords(p50Ms)} / ${countWords(p99Ms)} ms`;
}
