/**
 * Reads the sections of a parsed file by the table of keys. Each section is read separately, so a mistake in one hides
 * no mistake in another. A section without its required keys is `undefined`; each mistake is reported as a problem.
 */
import type { z } from 'zod';
import { HUB, type HubSection } from './hub/hub-keys.ts';
import { headingOf } from './key-table.ts';
import {
  GATEWAY,
  type GatewaySection,
  INBOX,
  type InboxSection,
  LINK,
  LISTS,
  type LinkSection,
  OUTBOX,
  type OutboxSection,
  RECORDER,
  type RecorderSection,
  SUBDEVICE,
  type SubdeviceSection,
  TABLES,
} from './keys.ts';
import type { Problem } from './kinds/problem.ts';
import { printableKey, problemsOf } from './problem-words.ts';
import { nearestWord } from './suggestion.ts';

/** Sections of a file that may have problems. */
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

/** Rules compare each entry with each: these numbers take 1 s, and real gateways have fewer entries. */
const TABLES_MAX: Readonly<Record<keyof typeof LISTS, number>> = { link: 1000, subdevice: 10_000 };
/** Largest number of unknown sections that are reported and compared with the known ones. */
const UNKNOWN_MAX = 100;

export function readSections(file: Table): { readonly sections: Sections; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];

  /** Reads one table. A missing table counts as empty: it has its defaults, and its required keys are reported. */
  function read<Schema extends z.ZodType>(schema: Schema, section: string, value: unknown, path = section) {
    const result = schema.safeParse(value ?? {}, { reportInput: true });
    if (result.success) return result.data;
    problems.push(...problemsOf(result.error.issues, { section, path }));
    return schema.safeParse(withoutInvalid(value, result.error.issues)).data;
  }

  function readList<Schema extends z.ZodType>(schema: Schema, section: keyof typeof LISTS) {
    const list = file[section] ?? [];
    const most = TABLES_MAX[section];
    if (Array.isArray(list) && list.length > most) {
      const hint = 'Check that this is the configuration file of holdfast.';
      problems.push({ path: section, what: `occurs ${list.length} times, more than ${most}`, hint });
      return [];
    }
    if (Array.isArray(list)) return list.map((value, index) => read(schema, section, value, `${section}[${index}]`));
    problems.push({
      path: section,
      what: 'is not a list of tables',
      hint: `Write ${headingOf(section)}, with double brackets, above each entry.`,
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

/** Returns a table without its invalid keys, so that the rules across keys can check the rest at the same time. */
function withoutInvalid(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const invalid = new Set(issues.flatMap(invalidKeys));
  return Object.fromEntries(Object.entries(value).filter(([key]) => !invalid.has(key)));
}

function invalidKeys(issue: z.core.$ZodIssue): readonly PropertyKey[] {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) return issue.keys;
  return issue.path.slice(0, 1);
}

function unknownSections(file: Table): Problem[] {
  const known = [...Object.keys(TABLES), ...Object.keys(LISTS)];
  return Object.keys(file)
    .filter((section) => !known.includes(section))
    .slice(0, UNKNOWN_MAX)
    .map((section) => {
      const similar = nearestWord(section, known);
      return {
        path: printableKey(section),
        what: 'is not a section of this file',
        hint:
          similar === undefined
            ? `Allowed sections: ${known.map(headingOf).join(', ')}.`
            : `Did you mean ${headingOf(similar)}?`,
      };
    });
}
