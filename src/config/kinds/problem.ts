/** Problem of a configuration file; type only. */

/** One mistake in the file. */
export interface Problem {
  /** Place: `link[1].baud_rate`, counted from 0 as in the parsed file; `line 3, column 7` for broken TOML. */
  readonly path: string;
  /** Predicate of the sentence that reports the mistake, without a full stop; the path is its subject. */
  readonly what: string;
  /** Instruction that corrects the mistake. */
  readonly hint: string;
}
