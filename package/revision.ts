/** Commit that a package is built from. Its time is the time of every file in the package. */
import { outputOf } from './subprocess.ts';

export interface Revision {
  /** First 12 digits of the commit, followed by `+changes` if files differ from it. */
  readonly commit: string;
  /** Time of the commit, in seconds since 1970. */
  readonly epoch: number;
}

/** Source: https://reproducible-builds.org/specs/source-date-epoch/ @throws if neither git nor the environment has a time */
export function revisionOf(root: string): Revision {
  const git = (...words: string[]): string => outputOf('git', ['-c', 'safe.directory=*', '-C', root, ...words]).trim();
  const ofEnvironment = process.env.SOURCE_DATE_EPOCH;
  try {
    const [hash = '', time = ''] = git('log', '-1', '--format=%H %ct').split(' ');
    const isChanged = git('status', '--porcelain') !== '';
    return { commit: `${hash.slice(0, 12)}${isChanged ? '+changes' : ''}`, epoch: Number(ofEnvironment ?? time) };
  } catch (error) {
    if (ofEnvironment === undefined)
      throw new Error('This folder is no git checkout: set SOURCE_DATE_EPOCH to the time of the sources', {
        cause: error,
      });
    return { commit: 'unknown', epoch: Number(ofEnvironment) };
  }
}
