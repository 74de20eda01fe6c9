/**
 * Language of the repository, kept by a test: banned words and first words in comments and texts, and references to
 * documents that are not in this repository. Each check is a function from files to complaints, so that a sample text can
 * prove that it complains.
 */
import { describe, expect, it } from 'vitest';
import { COMMENT, type Repository, readRepository } from './repository.ts';

/** Files that are not checked: this file has the banned words, and the others must not change. */
const UNCHECKED = /^test\/tidy-prose\.test\.ts$|^src\/store\/migrations\//;

/** Form of the comments in a file. */
interface CommentForm {
  readonly files: RegExp;
  readonly comment: RegExp;
}

const FORMS: readonly CommentForm[] = [
  { files: /\.(?:ts|js|css|c|h|ino)$/, comment: COMMENT },
  {
    files:
      /\.(?:py|toml|yml|rules|txt|properties)$|^\.ci\/|^package\/debian\/|^bin\/|(?:^|\/)(?:Makefile|Containerfile|\.[a-z]+ignore|\.npmrc)$/,
    comment: /(?<=^|\s)#.*$/gm,
  },
];
/** Files that are prose but for their code: pages, and units of systemd. */
const PROSE = /\.md$|^systemd\//;

/** Words that plain technical English replaces: pronouns without a noun, archaisms, and terms that were renamed. */
const BANNED_WORDS = [
  ...['anew', 'nobody', 'somebody', 'anybody', 'everybody', 'no one', 'whoever', 'whomever', 'whosoever', 'said'],
  ...['so many', 'so manieth', 'told', 'heard', 'heed(?:s|ed|less)?', 'ow(?:e|es|ed|ing)', 'mend(?:s|ed|ing)?'],
  ...[
    'is well(?! formed)',
    'are well(?! formed)',
    'no good',
    'for ever',
    'in vain',
    'at one time',
    'upon',
    'whence',
    'thereof',
    'of no use',
  ],
  ...['rides?', 'riding', 'riders?', 'company', 'creditors?', 'debts?', 'bur(?:y|ies|ied|ial)', 'exhumed?'],
  ...['rungs?', 'ladders?', 'climbs?', 'testif(?:y|ies)', 'testimony', 'witness(?:es)?', 'spilled', 'turned away'],
  ...['the books', 'strangers?', 'foreigners?', 'dice', 'premises', 'patience', 'luck', 'convicted', 'accuse[sd]?'],
  ...['tells?', 'hears?', 'vouch(?:es)?', 'blame[sd]?', 'believe[sd]?', 'whatever', 'good-?byes?'],
  ...['g(?:ive|ives|ave|iving) way', 'lets? go', 'lets? in', 'goes? again', 'comes? (?:twice|anew)'],
  ...['all the same', 'for good', 'in the end', 'a while', 'under way', 'of (?:its|their) own accord', 'in good order'],
];
/** Words that cannot begin a doc comment: pronouns, relatives, prepositions, and the verbs of a question. */
const BANNED_STARTS = [
  ...['it', 'its', 'they', 'their', 'this', 'these', 'those', 'that', 'he', 'she', 'we', 'you', 'there', 'so', 'as'],
  ...[
    'who',
    'whom',
    'whose',
    'which',
    'whether',
    'what',
    'whatever',
    'where',
    'wherever',
    'when',
    'until',
    'till',
    'how',
    'why',
  ],
  ...[
    'of',
    'with',
    'within',
    'without',
    'by',
    'in',
    'on',
    'at(?! least| most)',
    'from',
    'for',
    'to',
    'since',
    'behind',
  ],
  ...['beside', 'besides', 'before', 'after', 'below', 'above', 'beyond', 'between', 'during', 'through', 'under'],
  ...['is', 'are', 'does', 'do', 'may', 'can', 'has', 'have', 'was', 'were'],
];
const BANNED_WORD = new RegExp(`\\b(?:${BANNED_WORDS.join('|')})\\b`, 'gi');
const BANNED_START = new RegExp(`^(?:${BANNED_STARTS.join('|')})\\b`, 'i');
const OUTSIDE =
  /\b(?:(?:design|durability|serial|house|style|hub[- ]contract)(?:\.md)? §|serial notes|hub[- ]contract|lessons\b|\/work\/)/gi;

const QUOTED = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;
const FENCED = /^```[\s\S]*?^```|`[^`\n]*`/gm;

function checked(repository: Repository): (readonly [path: string, text: string])[] {
  return [...repository].filter(([path]) => !UNCHECKED.test(path) && (PROSE.test(path) || formOf(path) !== undefined));
}

function formOf(path: string): CommentForm | undefined {
  return PROSE.test(path) ? undefined : FORMS.find(({ files }) => files.test(path));
}

/** Text of a comment without its frame. */
const wordsOf = (comment: string): string =>
  comment.replaceAll(/^\s*(?:\/\*\*?|\/\/|\*\/|\*|#+!?)|\*\/$/gm, ' ').trim();

/** Comments of code; of prose everything but code. */
function commentsOf(path: string, text: string): string[] {
  const form = formOf(path);
  if (form === undefined) return [text.replaceAll(FENCED, '')];
  return [...text.matchAll(form.comment)].map(([comment]) => wordsOf(comment));
}

/** Texts of code with more than one word. */
function textsOf(path: string, text: string): string[] {
  const form = formOf(path);
  if (form === undefined) return [];
  const quoted = [...text.replaceAll(form.comment, '').matchAll(QUOTED)].map(([one]) => one);
  return quoted.filter((one) => one.includes(' '));
}

function matchesIn(repository: Repository, pattern: RegExp, proseOf: typeof commentsOf): string[] {
  return checked(repository).flatMap(([path, text]) =>
    proseOf(path, text).flatMap((prose) =>
      [...prose.matchAll(pattern)].map(({ 0: word, index }) => {
        const around = prose.slice(Math.max(0, index - 40), index + 40).replaceAll(/\s+/g, ' ');
        return `${path} has "${word}" in "${around}"`;
      }),
    ),
  );
}

const bannedInComments = (repository: Repository): string[] => matchesIn(repository, BANNED_WORD, commentsOf);
const bannedInTexts = (repository: Repository): string[] => matchesIn(repository, BANNED_WORD, textsOf);
const outsideReferences = (repository: Repository): string[] => matchesIn(repository, OUTSIDE, commentsOf);

/** Comments before a declaration: those of TypeScript with two asterisks, and those of C at the beginning of a line. */
function docCommentsOf(path: string, text: string): string[] {
  if (/\.(?:c|h|ino)$/.test(path)) return [...text.matchAll(/^\/\*[\s\S]*?\*\//gm)].map(([comment]) => comment);
  if (!path.endsWith('.ts')) return [];
  return [...text.matchAll(COMMENT)].map(([comment]) => comment).filter((comment) => comment.startsWith('/**'));
}

function bannedStarts(repository: Repository): string[] {
  return checked(repository).flatMap(([path, text]) =>
    docCommentsOf(path, text)
      .map(wordsOf)
      .filter((words) => BANNED_START.test(words))
      .map((words) => `${path} begins a doc comment with "${words.slice(0, 40)}"`),
  );
}

/** The checks, and for each a sample that it must complain about once. */
const CHECKS: readonly (readonly [string, (repository: Repository) => string[], Readonly<Record<string, string>>])[] = [
  ['has no banned word in a comment', bannedInComments, { 'src/base/a.ts': '/** Nobody waits. */' }],
  ['has no banned word in C', bannedInComments, { 'hw/ports/a.c': 'x(); /* first: checked in vain */' }],
  ['has no banned word in a script', bannedInComments, { '.ci/run': 'install x # nobody waits' }],
  ['has no banned word in a text of a script', bannedInTexts, { 'package/debian/postinst': 'echo "the disk is well"' }],
  ['has no banned word in a text', bannedInTexts, { 'src/base/a.ts': "const why = 'the disk is well';" }],
  [
    'begins no doc comment with a banned word',
    bannedStarts,
    { 'src/base/a.ts': '/**\n * Whose message this is.\n */' },
  ],
  ['begins no doc comment of C with a banned word', bannedStarts, { 'hw/a.c': '/* Whose message this is. */\nint a;' }],
  ['refers to no document outside', outsideReferences, { 'src/base/a.ts': '// Source: durability §3.' }],
];

describe('the language', () => {
  const repository = readRepository();

  it.each(CHECKS)('%s', (_, check) => {
    expect(check(repository)).toEqual([]);
  });
});

describe('a text in poor language', () => {
  it.each(CHECKS)('negative control: %s', (_, check, sample) => {
    expect(check(new Map(Object.entries(sample)))).toHaveLength(1);
  });
});
