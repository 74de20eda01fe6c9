/** Suggestion for a mistyped word: the nearest known word, if it is near enough. */

/**
 * Largest distance between a mistyped word and the intended word: 2, or 1 for a short word. A word at a larger distance
 * is a different word.
 */
function distanceMax(word: string): number {
  return word.length <= 4 ? 1 : 2;
}

/**
 * Length of the longest word that gets a suggestion. No key is longer, and the limit bounds the work on hostile input.
 */
const WORD_LENGTH_MAX = 64;

/** @returns the known word that was probably intended, or `undefined` */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  if (word.length > WORD_LENGTH_MAX) return undefined;
  const plain = word.toLowerCase().replaceAll('-', '_');
  let nearest: string | undefined;
  let smallest = distanceMax(word) + 1;
  for (const candidate of known) {
    // the distance is at least the difference of the lengths
    if (Math.abs(candidate.length - plain.length) >= smallest) continue;
    const distance = distanceBetween(plain, candidate.replaceAll('-', '_'));
    if (distance < smallest) [nearest, smallest] = [candidate, distance];
  }
  return nearest ?? known.find((candidate) => plain.length >= 4 && candidate.startsWith(`${plain}_`));
}

/** Returns the number of insertions, deletions, replacements and swaps (optimal string alignment distance). */
function distanceBetween(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + (same ? 0 : 1),
          swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, right.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
