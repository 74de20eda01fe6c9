/** Conditions with their effects and remedies. */
import type { Condition, Losing } from '../../ops/reports/report.ts';
import { durationWords, printable } from '../../ops/words.ts';
import { html, type Markup } from '../markup.ts';
import type { PageContent } from '../page-content.ts';

const EFFECTS: Readonly<Record<Losing, string>> = {
  no: 'No data is lost',
  'at risk': 'Data is at risk',
  unknown: 'Data may be lost',
  yes: 'Data is being lost',
};

export function conditionSection({ status }: PageContent): Markup {
  if (status === null) return html`<p>Conditions are known only while the gateway runs.</p>`;
  if (status.conditions.length === 0) return html`<p>No condition is present.</p>`;
  return html`<ul class="conditions">${status.conditions.map(conditionItem)}</ul>`;
}

function conditionItem({ code, losing, forMs, sentence, hint }: Condition): Markup {
  return html`<li class=${toneOf(losing)}>
    <p><strong>${EFFECTS[losing] ?? losing}.</strong> ${printable(sentence)}</p>
    ${hint !== null && html`<p class="remedy"><span>What to do:</span> ${printable(hint)}</p>`}
    <p class="note">For ${durationWords(forMs)} · code <code>${code}</code></p>
  </li>`;
}

/** Class of an element that shows an effect on data. */
export function toneOf(losing: PageContent['verdict']['losing']): 'good' | 'warning' | 'bad' {
  if (losing === 'no') return 'good';
  return losing === 'at risk' || losing === 'not running' ? 'warning' : 'bad';
}
