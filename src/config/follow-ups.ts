/**
 * Removal of problems that are only consequences of another mistake: a misspelled key is missing under its correct
 * name, an unreadable link serves no subdevice. Such problems disappear with the mistake and are not reported. Pure.
 */
import type { Problem } from './kinds/problem.ts';

/** Keys that decide which other keys have an effect. If one is invalid, the rules about the others do not apply. */
const DECIDING = /^(.*)\.(?:driver|profile|tls)$/;
const NO_EFFECT = 'has no effect with profile';

/**
 * @param keyProblems problems of single keys and sections
 * @param crossProblems problems between keys
 * @returns both, without the consequences
 */
export function withoutFollowUps(keyProblems: readonly Problem[], crossProblems: readonly Problem[]): Problem[] {
  const intended = keyProblems.flatMap(intendedPath);
  const undecided = keyProblems.flatMap(({ path, what }) =>
    what === 'is missing' ? [] : (DECIDING.exec(path)?.[1] ?? []),
  );
  const isIntended = ({ path }: Problem): boolean =>
    intended.some((place) => path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`));
  const isReported = ({ path }: Problem): boolean =>
    keyProblems.some((one) => one.path === path || one.path.startsWith(`${path}.`) || one.path.startsWith(`${path}[`));
  const isUndecided = ({ path }: Problem): boolean =>
    undecided.some((place) => path.startsWith(`${place}.`) || (place === 'hub' && path.startsWith('subdevice[')));
  const kept = crossProblems.filter((problem) => !isReported(problem) && !isIntended(problem) && !isUndecided(problem));
  const all = [...keyProblems.filter((problem) => !isIntended(problem)), ...kept];
  const isLinkBroken =
    keyProblems.some(({ path }) => path.startsWith('link')) ||
    intended.includes('link') ||
    kept.some(({ path }) => /^link\[\d+\]\.subdevices\[/.test(path));
  const isProfileWrong = all.some(({ path, what }) => path.startsWith('hub.') && what.startsWith(NO_EFFECT));
  return all.filter(
    ({ path, what }) =>
      !(isLinkBroken && what.endsWith('which no link serves')) &&
      !(isProfileWrong && path.startsWith('subdevice[') && what.startsWith(NO_EFFECT)),
  );
}

/**
 * Returns the path that a misspelled path stands for: `hub.hots`, "Did you mean host?" → `hub.host`; `lnk`, "Did you
 * mean [[link]]?" → `link`.
 */
function intendedPath({ path, hint }: Problem): string[] {
  const name = /^Did you mean \[*([a-z_.]+)\]*\?$/.exec(hint)?.[1];
  if (name === undefined) return [];
  const end = path.lastIndexOf('.');
  return [end < 0 ? name : `${path.slice(0, end)}.${name}`];
}
