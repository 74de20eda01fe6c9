/**
 * Problems that are only the consequence of another slip: a misspelled key is missing under its right name, a link that
 * could not be read serves no subdevice. They would be gone once the slip is corrected, so they are not told. Pure.
 */
import type { Problem } from './kinds/problem.ts';

/** Keys that decide which others have a meaning: a broken one makes no rule about the others. */
const DECIDING = /^(.*)\.(?:driver|profile|tls)$/;
const NO_MEANING = 'has no meaning with profile';

/**
 * @param told what is wrong with keys and sections by themselves
 * @param ruled what is wrong between them
 * @returns both, without the consequences
 */
export function withoutFollowUps(told: readonly Problem[], ruled: readonly Problem[]): Problem[] {
  const meant = told.flatMap(meantPath);
  const undecided = told.flatMap(({ path, what }) => (what === 'is missing' ? [] : (DECIDING.exec(path)?.[1] ?? [])));
  const isMeant = ({ path }: Problem): boolean =>
    meant.some((place) => path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`));
  const isTold = ({ path }: Problem): boolean =>
    told.some((one) => one.path === path || one.path.startsWith(`${path}.`) || one.path.startsWith(`${path}[`));
  const isUndecided = ({ path }: Problem): boolean =>
    undecided.some((place) => path.startsWith(`${place}.`) || (place === 'hub' && path.startsWith('subdevice[')));
  const kept = ruled.filter((problem) => !isTold(problem) && !isMeant(problem) && !isUndecided(problem));
  const all = [...told.filter((problem) => !isMeant(problem)), ...kept];
  const isLinkBroken =
    told.some(({ path }) => path.startsWith('link')) ||
    meant.includes('link') ||
    kept.some(({ path }) => /^link\[\d+\]\.subdevices\[/.test(path));
  const isProfileWrong = all.some(({ path, what }) => path.startsWith('hub.') && what.startsWith(NO_MEANING));
  return all.filter(
    ({ path, what }) =>
      !(isLinkBroken && what.endsWith('which no link serves')) &&
      !(isProfileWrong && path.startsWith('subdevice[') && what.startsWith(NO_MEANING)),
  );
}

/** `hub.hots`, "Did you mean host?" → `hub.host`; `lnk`, "Did you mean [[link]]?" → `link`. */
function meantPath({ path, hint }: Problem): string[] {
  const name = /^Did you mean \[*([a-z_.]+)\]*\?$/.exec(hint)?.[1];
  if (name === undefined) return [];
  const end = path.lastIndexOf('.');
  return [end < 0 ? name : `${path.slice(0, end)}.${name}`];
}
