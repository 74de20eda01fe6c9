/** Parameters of the control API by path. An unknown name or an invalid value is rejected, and never ignored. */
import { EVENT_KINDS } from '../../history/history-events.ts';
import { METRIC_NAMES } from '../../history/history-metrics.ts';
import type { AnswerPath } from './control-answers.ts';

/** `number`: whole number from 0. A list: one or more of these words, separated by commas. */
type Parameter = 'number' | 'text' | readonly string[];

const PARAMETERS: Readonly<Record<AnswerPath, Readonly<Record<string, Parameter>>>> = {
  '/v1/status': {},
  '/v1/ledger': {},
  '/v1/subdevices': {},
  '/v1/hub-subscriptions': {},
  '/v1/outbox': {},
  '/v1/inbox': {},
  '/v1/explain': { of: 'text' },
  '/v1/forecast': { outage: 'number' },
  '/v1/dead-letters': { after: 'number', limit: 'number', only: 'number' },
  '/v1/history': { step: ['minute', 'hour'], since: 'number', until: 'number', metrics: METRIC_NAMES },
  '/v1/events': { since: 'number', until: 'number', limit: 'number', kinds: EVENT_KINDS },
  '/v1/firmware': {},
  '/v1/config': {},
  '/v1/messages': {
    queue: ['outbox', 'inbox'],
    show: ['list', 'payload', 'tally'],
    subdevices: 'text',
    topics: 'text',
    numbers: 'number',
    olderThanMs: 'number',
    newerThanMs: 'number',
    after: 'number',
    upTo: 'number',
    limit: 'number',
  },
};

/** @returns what is wrong with the query, and what is allowed; `undefined`: nothing */
export function queryProblem(path: AnswerPath, query: URLSearchParams): string | undefined {
  const allowed = PARAMETERS[path];
  for (const [name, value] of query) {
    const kind = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
    if (kind === undefined) {
      const names = Object.keys(allowed);
      const which = names.length === 0 ? 'It takes no parameter' : `Its parameters are ${names.join(', ')}`;
      return `${path} has no parameter ${JSON.stringify(name)}. ${which}.`;
    }
    if (!isValid(kind, value))
      return `${path}: ${name} is ${JSON.stringify(value.slice(0, 100))}, and not ${kindWords(kind)}.`;
  }
  return undefined;
}

/** An empty value means the same as an absent parameter. */
function isValid(kind: Parameter, value: string): boolean {
  if (value === '' || kind === 'text') return true;
  if (kind === 'number') return /^\d{1,16}$/.test(value);
  return value.split(',').every((word) => kind.includes(word));
}

function kindWords(kind: Parameter): string {
  if (kind === 'text') return 'text';
  return kind === 'number' ? 'a whole number from 0' : `one or more of ${kind.join(', ')}`;
}
