/**
 * Reads the sections of a parsed file by the table of keys, each on its own, so that a slip in one hides none in
 * another. A section that lacks what it needs is `undefined` here; whatever was wrong has a problem to its name.
 */
import type { z } from 'zod';
import { headingOf } from './key-table.ts';
import {
  GATEWAY,
  type GatewaySection,
  HUB,
  type HubSection,
  INBOX,
  type InboxSection,
  LINK,
  LISTS,
  type LinkSection,
  OUTBOX,
  type OutboxSection,
  SUBDEVICE,
  type SubdeviceSection,
  TABLES,
} from './keys.ts';
import type { Problem } from './kinds/problem.ts';
import { keyWords, problemsOf } from './problem-words.ts';
import { RECORDER, type RecorderSection } from './recorder-keys.ts';
import { nearestWord } from './suggestion.ts';

/** A file that may still have problems. */
export interface Sections {
  readonly gateway: GatewaySection | undefined;
  readonly hub: HubSection | undefined;
  readonly outbox: OutboxSection | undefined;
  readonly inbox: InboxSection | undefined;
  readonly recorder: RecorderSection | undefined;
  readonly links: readonly (LinkSection | undefined)[];
  readonly subdevices: readonly (SubdeviceSection | undefined)[];
}

type Table = Readonly<Record<string, unknown>>;

/** Rules compare each with each: these numbers take a second, and no machine has so many ports. */
const TABLES_MAX: Readonly<Record<keyof typeof LISTS, number>> = { link: 1000, subdevice: 10_000 };
/** The nearest word is not looked for among more unknown sections; nobody reads on after so many. */
const UNKNOWN_MAX = 100;

export function readSections(file: Table): { readonly sections: Sections; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];

  /** One table; a missing one is an empty one, so that its defaults hold and its required keys are missed. */
  function read<Schema extends z.ZodType>(schema: Schema, section: string, value: unknown, path = section) {
    const result = schema.safeParse(value ?? {}, { reportInput: true });
    if (result.success) return result.data;
    problems.push(...problemsOf(result.error.issues, { section, path }));
    return schema.safeParse(withoutBroken(value, result.error.issues)).data;
  }

  function readList<Schema extends z.ZodType>(schema: Schema, section: keyof typeof LISTS) {
    const list = file[section] ?? [];
    const most = TABLES_MAX[section];
    if (Array.isArray(list) && list.length > most) {
      const hint = 'Is it the right file? A gateway serves fewer.';
      problems.push({ path: section, what: `stands there ${list.length} times, more than ${most}`, hint });
      return [];
    }
    if (Array.isArray(list)) return list.map((value, index) => read(schema, section, value, `${section}[${index}]`));
    problems.push({
      path: section,
      what: 'is not a list of tables',
      hint: `Write ${headingOf(section)}, with double brackets, above each one.`,
    });
    return [];
  }

  problems.push(...unknownSections(file));
  const sections = {
    gateway: read(GATEWAY, 'gateway', file.gateway),
    hub: read(HUB, 'hub', file.hub),
    outbox: read(OUTBOX, 'outbox', file.outbox),
    inbox: read(INBOX, 'inbox', file.inbox),
    recorder: read(RECORDER, 'recorder', file.recorder),
    links: readList(LINK, 'link'),
    subdevices: readList(SUBDEVICE, 'subdevice'),
  };
  return { sections, problems };
}

/** What is left of a table without its broken keys: enough, mostly, for the rules across keys to speak in the same go. */
function withoutBroken(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const broken = new Set(issues.flatMap(brokenKeys));
  return Object.fromEntries(Object.entries(value).filter(([key]) => !broken.has(key)));
}

function brokenKeys(issue: z.core.$ZodIssue): readonly PropertyKey[] {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) return issue.keys;
  return issue.path.slice(0, 1);
}

function unknownSections(file: Table): Problem[] {
  const known = [...Object.keys(TABLES), ...Object.keys(LISTS)];
  return Object.keys(file)
    .filter((section) => !known.includes(section))
    .slice(0, UNKNOWN_MAX)
    .map((section) => {
      const meant = nearestWord(section, known);
      return {
        path: keyWords(section),
        what: 'is not a section of this file',
        hint:
          meant === undefined
            ? `The sections are ${known.map(headingOf).join(', ')}.`
            : `Did you mean ${headingOf(meant)}?`,
      };
    });
}
