/** Fenced blocks of the documents, each with the place of its beginning. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTS = [
  ...['README.md', 'systemd/README.md', 'hw/README.md'],
  ...readdirSync(join(HOME, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Blocks of a language: `document:line`, and the text. */
export function blocksOf(language: string): (readonly [place: string, text: string])[] {
  return DOCUMENTS.flatMap((document) => {
    const text = readFileSync(join(HOME, document), 'utf8');
    return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
      (match) => [`${document}:${text.slice(0, match.index).split('\n').length}`, match[1] ?? ''] as const,
    );
  });
}

/** Blocks of TOML that are configurations. */
export const configurationBlocks = () => blocksOf('toml').filter(([, text]) => !isProfile(text));
/** Blocks of TOML that are files of device profiles. */
export const profileBlocks = () => blocksOf('toml').filter(([, text]) => isProfile(text));

const isProfile = (text: string): boolean => text.startsWith('[profile]\n');
