/**
 * Checks of the table of normative statements, docs/mqtt-conformance.md: every named test exists, every statement is
 * covered or has a reason for an exemption, no number is missing, and every tag in the code is in the table.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROW = /^\| (MQTT-[\d.-]+) \| (.*?) \| (.*?) \| (.*?) \|$/;
const TAG = /MQTT-\d[\d.-]*-\d+/g;
const PROOF = /^`([\w/.-]+): (.+)`$/;
const REASON = /^n\/a: [a-z]/;

interface Row {
  readonly tag: string;
  /** Claims for the bench hub, and for the client. */
  readonly cells: readonly string[];
}

interface Repository {
  readonly rows: readonly Row[];
  /** Text of a test by its name in the table; `undefined`: no such file. */
  readonly testText: (name: string) => string | undefined;
  readonly tagsInCode: ReadonlySet<string>;
}

function rowsOf(markdown: string): Row[] {
  return markdown.split('\n').flatMap((line) => {
    const [, tag, , hub, client] = ROW.exec(line) ?? [];
    return tag === undefined || hub === undefined || client === undefined ? [] : [{ tag, cells: [hub, client] }];
  });
}

function unprovedCells({ rows, testText }: Repository): string[] {
  return rows.flatMap(({ tag, cells }) =>
    cells
      .flatMap((cell) => cell.split('<br>'))
      .filter((claim) => !REASON.test(claim) && !isProved(claim, testText))
      .map((claim) => `${tag}: ${claim}`),
  );
}

/** Returns true if the claim is the title of a test in the named file. */
function isProved(claim: string, testText: Repository['testText']): boolean {
  const [, file, title] = PROOF.exec(claim) ?? [];
  if (file === undefined || title === undefined) return false;
  return new RegExp(`\\(\\s*'${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}'`).test(testText(file) ?? '');
}

/**
 * Checks that the numbers of each section run from 1 without a gap, each once. The standard itself writes
 * `MQTT-3-8.3-4`.
 */
function misnumbered({ rows }: Repository): string[] {
  const next = new Map<string, number>();
  return rows.flatMap(({ tag }) => {
    const [, section = '', number = ''] = /^(MQTT-.*)-(\d+)$/.exec(tag.replace('3-8.3', '3.8.3')) ?? [];
    const expected = next.get(section) ?? 1;
    next.set(section, expected + 1);
    return Number(number) === expected ? [] : [`${tag} where ${section}-${expected} should be`];
  });
}

function missingTags({ rows, tagsInCode }: Repository): string[] {
  const listed = new Set(rows.map(({ tag }) => tag));
  return [...tagsInCode].filter((tag) => !listed.has(tag));
}

function pathsUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
}

function filesUnder(folder: string): string[] {
  return pathsUnder(folder).map((path) => readFileSync(join(ROOT, folder, path), 'utf8'));
}

function readRepository(): Repository {
  return {
    rows: rowsOf(readFileSync(join(ROOT, 'docs/mqtt-conformance.md'), 'utf8')),
    testText: (name) => {
      const path = pathsUnder('test').find(
        (one) => one === `${name}.test.ts` || (one.startsWith('unit/') && one.endsWith(`/${name}.test.ts`)),
      );
      return path === undefined ? undefined : readFileSync(join(ROOT, 'test', path), 'utf8');
    },
    tagsInCode: new Set([...filesUnder('src'), ...filesUnder('test/unit')].flatMap((text) => text.match(TAG) ?? [])),
  };
}

/** The checks, and for each a table that must cause one complaint. */
const CHECKS: readonly (readonly [string, (repository: Repository) => string[], Partial<Repository>])[] = [
  [
    'names tests that exist, or a reason',
    unprovedCells,
    { rows: rowsOf('| MQTT-1.0.0-1 | What. | n/a: no QoS 2 | `a: goes by another title` |') },
  ],
  ['has a proof in each cell', unprovedCells, { rows: rowsOf('| MQTT-1.0.0-1 | What. | `a: is tested` | — |') }],
  ['misses no number', misnumbered, { rows: rowsOf('| MQTT-1.0.0-2 | What. | n/a: no QoS 2 | n/a: no QoS 2 |') }],
  ['has every tag of the code', missingTags, { tagsInCode: new Set(['MQTT-1.0.0-1']) }],
];

describe('the table of statements', () => {
  const repository = readRepository();

  it.each(CHECKS)('%s', (_what, check) => {
    expect(check(repository)).toEqual([]);
  });

  it('is about the bench hub and the client both', () => {
    const proved = [0, 1].map((column) =>
      repository.rows.filter(({ cells }) => PROOF.test(cells[column]?.split('<br>')[0] ?? '')),
    );
    expect(proved.map((rows) => rows.length > 60)).toEqual([true, true]);
  });
});

describe('an incorrect table', () => {
  const truth: Repository = { rows: [], testText: () => "it('is tested', () => {})", tagsInCode: new Set() };

  it.each(CHECKS)('negative control: %s', (_what, check, untrue) => {
    expect(check(truth)).toEqual([]);
    expect(check({ ...truth, ...untrue })).toHaveLength(1);
  });
});
