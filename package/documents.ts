/**
 * Documents for users, in the folders of the checkout, so that the links between them lead somewhere. A link to a file
 * that is not among them, such as a decision or an image, becomes its text.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ROOT } from './program.ts';

export interface ShippedDocument {
  /** `docs/install.md` */
  readonly path: string;
  readonly text: string;
}

/** Pages outside of docs: the service, and the wiring. */
const OTHERS = ['systemd/README.md', 'hw/README.md', 'hw/wiring.md'];
const LINK = /(!?)\[([^\]]*)\]\(([^)\s]+)\)/g;

export function shippedDocuments(): readonly ShippedDocument[] {
  const pages = readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`);
  const paths = [...pages, ...OTHERS];
  return paths.map((path) => ({ path, text: withKnownLinks(path, readFileSync(join(ROOT, path), 'utf8'), paths) }));
}

/** @param paths documents that links may lead to */
export function withKnownLinks(path: string, text: string, paths: readonly string[]): string {
  return text.replaceAll(LINK, (whole, image: string, words: string, target: string) => {
    const [file = ''] = target.split('#');
    const isOutside = /^[a-z]+:/.test(target) || file === '';
    const isKnown = isOutside || paths.includes(normalize(join(dirname(path), file)));
    return isKnown && image === '' ? whole : words;
  });
}
