/**
 * Text with placeholders for fields, `meter/{id}/temperature`. A template is parsed once, when the configuration is
 * read, and filled for each message. A brace that does not begin a placeholder is an ordinary character, so a template
 * may contain JSON.
 */
export type Template = readonly TemplatePart[];

type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly name: string };

/** Placeholder. Its name has the same syntax as the group names of a pattern. */
const PLACE = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export function parseTemplate(source: string): Template {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (const found of source.matchAll(PLACE)) {
    if (found.index > at) parts.push({ kind: 'text', text: source.slice(at, found.index) });
    parts.push({ kind: 'field', name: found[1] ?? '' });
    at = found.index + found[0].length;
  }
  if (at < source.length) parts.push({ kind: 'text', text: source.slice(at) });
  return parts;
}

export function fieldsOf(template: Template): string[] {
  return template.flatMap((part) => (part.kind === 'field' ? [part.name] : []));
}

/** @returns `undefined` if a field has no value */
export function fillTemplate(template: Template, valueFor: (name: string) => string | undefined): string | undefined {
  let filled = '';
  for (const part of template) {
    const piece = part.kind === 'text' ? part.text : valueFor(part.name);
    if (piece === undefined) return undefined;
    filled += piece;
  }
  return filled;
}
