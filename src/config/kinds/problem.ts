/** Problem of a configuration file. Shape only. */

/** One thing that is wrong with the file. */
export interface Problem {
  /** Place: `link[1].baud_rate`, counted from 0 as in the parsed file; `line 3, column 7` for broken TOML. */
  readonly path: string;
  /** What is wrong, as a sentence without a full stop. */
  readonly what: string;
  /** What to do about it. */
  readonly hint: string;
}
