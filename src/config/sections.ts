/**
 * Reads the sections of a parsed file by the table of keys. Each section is read separately, so a mistake in one hides
 * no mistake in another. Each mistake is reported as a problem.
 */
import type { z } from 'zod';
import { AVAILABILITY, type AvailabilitySection } from './availability-config.ts';
import { FIRMWARE, type FirmwareSection } from './firmware-config.ts';
import { HOME_ASSISTANT, type HomeAssistantSection } from './home-assistant-config.ts';
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
import { defineUnknown } from './kinds/known.ts';
import { printableKey } from './kinds/printable.ts';
import type { Problem } from './kinds/problem.ts';
import { knownTable } from './known-keys.ts';
import { METRICS_KEYS, type MetricsSection } from './metrics-config.ts';
import { type Mistakes, mistakesOf, type Place } from './problem-words.ts';
import { REMOTE, type RemoteSection } from './remote-keys.ts';
import { SHARED_TOPIC, type SharedTopicSection } from './shared-topic-config.ts';
import { nearestWord } from './suggestion.ts';
import { TELEMETRY, type TelemetrySection } from './telemetry-config.ts';
import { WEB, type WebSection } from './web-config.ts';

/** Sections of a file. If the file has mistakes, some keys are unknown (`kinds/known.ts`). */
export interface Sections {
  readonly gateway: GatewaySection;
  readonly hub: HubSection;
  readonly outbox: OutboxSection;
  readonly inbox: InboxSection;
  readonly recorder: RecorderSection;
  readonly web: WebSection;
  readonly metrics: MetricsSection;
  readonly telemetry: TelemetrySection;
  readonly remote: RemoteSection;
  readonly availability: AvailabilitySection;
  readonly home_assistant: HomeAssistantSection;
  readonly firmware: FirmwareSection;
  readonly links: readonly LinkSection[];
  readonly subdevices: readonly SubdeviceSection[];
  readonly shared_topics: readonly SharedTopicSection[];
}

type Table = Readonly<Record<string, unknown>>;

/**
 * Largest number of entries of each list. The rules compare each entry with every other entry, which takes 1 s for
 * these numbers. Real gateways have fewer entries.
 */
const TABLES_MAX: Readonly<Record<keyof typeof LISTS, number>> = {
  link: 1000,
  subdevice: 10_000,
  shared_topic: 64,
};
/** Largest number of unknown sections that are reported and compared with the known ones. */
const UNKNOWN_MAX = 100;

export function readSections(file: Table): { readonly sections: Sections; readonly problems: readonly Problem[] } {
  const { problems: unknown, misspelled } = unknownSections(file);
  const problems = [...unknown];

  /** Reads one table. A missing table counts as empty: it has its defaults, and its required keys are reported. */
  function read<Schema extends z.ZodObject>(schema: Schema, value: unknown, place: Place): z.output<Schema> {
    // a schema is used once or a few times, so code made for it would cost more than it saves
    const result = schema.safeParse(value, { reportInput: true, jitless: true });
    if (result.success) return result.data;
    const mistakes = mistakesOf(result.error.issues, place);
    problems.push(...mistakes.problems);
    return knownTable(schema, value, { ...place, misspelled: mistakes.misspelled }) as z.output<Schema>;
  }

  function readTable<Schema extends z.ZodObject>(schema: Schema, section: keyof typeof TABLES): z.output<Schema> {
    const place = { section, path: section };
    if (file[section] === undefined && misspelled.has(section))
      return knownTable(schema, undefined, { ...place, misspelled }) as z.output<Schema>;
    return read(schema, file[section] ?? {}, place);
  }

  /** @returns `undefined` if the entries are unknown */
  function readList<Schema extends z.ZodObject>(schema: Schema, section: keyof typeof LISTS) {
    const list = file[section] ?? [];
    const most = TABLES_MAX[section];
    if (file[section] === undefined && misspelled.has(section)) return undefined;
    if (!Array.isArray(list)) {
      const hint = `Write ${headingOf(section)}, with double brackets, above each entry.`;
      problems.push({ path: section, what: 'is not a list of tables', hint });
      return undefined;
    }
    if (list.length > most) {
      const hint = 'Check that this is the configuration file of holdfast.';
      problems.push({ path: section, what: `occurs ${list.length} times, more than ${most}`, hint });
      return undefined;
    }
    return list.map((value, index) => read(schema, value, { section, path: `${section}[${index}]` }));
  }

  const tables = {
    gateway: readTable(GATEWAY, 'gateway'),
    hub: readTable(HUB, 'hub'),
    outbox: readTable(OUTBOX, 'outbox'),
    inbox: readTable(INBOX, 'inbox'),
    recorder: readTable(RECORDER, 'recorder'),
    web: readTable(WEB, 'web'),
    metrics: readTable(METRICS_KEYS, 'metrics'),
    telemetry: readTable(TELEMETRY, 'telemetry'),
    remote: readTable(REMOTE, 'remote'),
    availability: readTable(AVAILABILITY, 'availability'),
    home_assistant: readTable(HOME_ASSISTANT, 'home_assistant'),
    firmware: readTable(FIRMWARE, 'firmware'),
  };
  const links = readList(LINK, 'link');
  const subdevices = readList(SUBDEVICE, 'subdevice');
  const sharedTopics = readList(SHARED_TOPIC, 'shared_topic');
  const sections: Sections = {
    ...tables,
    links: links ?? [],
    subdevices: subdevices ?? [],
    shared_topics: sharedTopics ?? [],
  };
  if (links === undefined) defineUnknown(sections, 'links');
  if (subdevices === undefined) defineUnknown(sections, 'subdevices');
  if (sharedTopics === undefined) defineUnknown(sections, 'shared_topics');
  return { sections, problems };
}

function unknownSections(file: Table): Mistakes {
  const known = [...Object.keys(TABLES), ...Object.keys(LISTS)];
  const misspelled = new Set<string>();
  const problems = Object.keys(file)
    .filter((section) => !known.includes(section))
    .slice(0, UNKNOWN_MAX)
    .map((section) => {
      const similar = nearestWord(section, known);
      if (similar !== undefined) misspelled.add(similar);
      return {
        path: printableKey(section),
        what: 'is not a section of this file',
        hint:
          similar === undefined
            ? `Allowed sections: ${known.map(headingOf).join(', ')}.`
            : `Did you mean ${headingOf(similar)}?`,
      };
    });
  return { problems, misspelled };
}
