/** Entry of the catalogue of conditions. */

export interface ConditionEntry {
  /** Meaning, in whole sentences. */
  readonly meaning: string;
  /** Effect on messages and commands while the condition lasts. */
  readonly effect: string;
  /** Steps, the most likely first. */
  readonly remedy: string;
  /** Relevant configuration keys, as `section.key`. */
  readonly keys: readonly string[];
}
