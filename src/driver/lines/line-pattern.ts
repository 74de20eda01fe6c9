/** Pattern whose matching time is proportional to the length of the text. */
export interface LinePattern {
  /** Names of the named groups. */
  readonly fields: readonly string[];
  /** @returns the named groups that took part in the match; `undefined`: no match */
  match(text: string): ReadonlyMap<string, string> | undefined;
}
