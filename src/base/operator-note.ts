/** Bounds of a note that a technician leaves in the journal and the events (`holdfast mark`). */

/** Longest note in characters: two lines of a terminal. */
export const NOTE_LENGTH_MAX = 160;

/** Reason why a text cannot be a note. `undefined`: it can. */
export function noteProblem(text: string): string | undefined {
  if (text.trim() === '') return 'the note is empty';
  if (text.length > NOTE_LENGTH_MAX)
    return `the note has ${text.length} characters, and at most ${NOTE_LENGTH_MAX} are allowed`;
  // control characters, and characters that change the direction or the lines of a text
  if (/[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(text))
    return 'the note contains control characters';
  return undefined;
}
