/**
 * Comparison of two shapes: can their topics be equal? Pure.
 *
 * Each shape is a row of characters and of parts that stand for one or more characters of a class. Both rows are read
 * at the same time; a text that both can have exists if both ends are reached together.
 */
import { isFixed, type ShapePart, type TopicShape } from './topic-template.ts';

/** Classes of characters, each within the next one. */
const CLASSES = {
  encoded: /^[A-Za-z0-9_.!~*'()%-]$/,
  level: /^[^/]$/s,
  any: /^.$/s,
} as const;
type CharacterClass = keyof typeof CLASSES;

/** `isRepeated`: the element stands for any number of its characters, also for none. */
type Element =
  | { readonly character: string; readonly isRepeated: false }
  | { readonly of: CharacterClass; readonly isRepeated: boolean };

/** Returns true if a topic exists that both shapes can result in. Two fixed topics are equal on purpose. */
export function canMeet(one: TopicShape, other: TopicShape): boolean {
  if (isFixed(one) && isFixed(other)) return false;
  const startsAlike = one.before.startsWith(other.before) || other.before.startsWith(one.before);
  const endsAlike = one.after.endsWith(other.after) || other.after.endsWith(one.after);
  return startsAlike && endsAlike && haveCommonLevels(one, other) && haveCommonText(elementsOf(one), elementsOf(other));
}

const LEVELS = new WeakMap<TopicShape, readonly (string | undefined)[]>();

/** Quick comparison, for files with many subdevices. `undefined` in a list: a level that varies. */
function haveCommonLevels(one: TopicShape, other: TopicShape): boolean {
  const others = levelsOf(other);
  return levelsOf(one).every((level, index) => {
    const opposite = others[index];
    return level === undefined || opposite === undefined || level === opposite;
  });
}

/** Levels before the topic of the subdevice. */
function levelsOf(shape: TopicShape): readonly (string | undefined)[] {
  const known = LEVELS.get(shape);
  if (known !== undefined) return known;
  const { before, varying, after } = shape;
  const parts = [{ kind: 'text', text: before } as const, ...varying, { kind: 'text', text: after } as const];
  const place = parts.findIndex(({ kind }) => kind === 'topic');
  /** NUL stands for a field: no template has this character. */
  const text = parts
    .slice(0, place < 0 ? undefined : place)
    .map((part) => (part.kind === 'text' ? part.text : '\0'))
    .join('');
  const levels = text.split('/').map((level) => (level.includes('\0') ? undefined : level));
  const complete = place < 0 ? levels : levels.slice(0, -1);
  LEVELS.set(shape, complete);
  return complete;
}

function elementsOf({ before, varying, after }: TopicShape): Element[] {
  const charactersOf = (text: string): Element[] =>
    text.split('').map((character) => ({ character, isRepeated: false }));
  return [
    ...charactersOf(before),
    ...varying.flatMap((part) => partElements(part, charactersOf)),
    ...charactersOf(after),
  ];
}

function partElements(part: ShapePart, charactersOf: (text: string) => Element[]): Element[] {
  if (part.kind === 'text') return charactersOf(part.text);
  const isEncoded = part.kind === 'field' ? part.field.isEncoded : part.place === 'topic_encoded';
  const of = isEncoded ? 'encoded' : part.kind === 'field' ? 'level' : 'any';
  return [
    { of, isRepeated: false },
    { of, isRepeated: true },
  ];
}

function haveCommonText(one: readonly Element[], other: readonly Element[]): boolean {
  const width = other.length + 1;
  const seen = new Set<number>();
  const open = [0];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    const [i, j] = [Math.floor(place / width), place % width];
    const [a, b] = [one[i], other[j]];
    if (a === undefined && b === undefined) return true;
    if (a?.isRepeated === true) open.push(place + width);
    if (b?.isRepeated === true) open.push(place + 1);
    if (a !== undefined && b !== undefined && haveCommonCharacter(a, b))
      open.push(place + (a.isRepeated ? 0 : width) + (b.isRepeated ? 0 : 1));
  }
  return false;
}

function haveCommonCharacter(a: Element, b: Element): boolean {
  if ('character' in a) return 'character' in b ? a.character === b.character : CLASSES[b.of].test(a.character);
  return 'character' in b ? CLASSES[a.of].test(b.character) : true;
}
