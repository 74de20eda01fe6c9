/**
 * Check of the Node version: this program runs TypeScript without a build, and the SQLite binding crashes on older
 * versions.
 */

/** First Node 22 that strips types without a flag. */
const MAJOR_MIN = 22;
const MINOR_MIN = 18;

/**
 * @param version value of `process.versions.node`, e.g. `20.19.4`
 * @returns a sentence if this Node is too old
 */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > MAJOR_MIN || (major === MAJOR_MIN && minor >= MINOR_MIN)) return undefined;
  return `holdfast needs Node ${MAJOR_MIN}.${MINOR_MIN} or newer, and this is Node ${version}.`;
}
