/** Rules between links and subdevices: what they find in a large file, and how often they read the lists of the links. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { driverNamed } from '../../../src/driver/drivers.ts';

const HEAD = '[gateway]\nname = "g"\n[hub]\nprofile = "generic"\nhost = "h"\n';

/** Ids of subdevices. */
const ids = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `m${from + index}`);

const link = (index: number, listed: readonly string[]): string =>
  `[[link]]\nname = "l${index}"\npath = "/dev/ttyUSB${index}"\nsubdevices = ${JSON.stringify(listed)}\n`;

const subdevices = (all: readonly string[]): string => all.map((id) => `[[subdevice]]\nid = "${id}"\n`).join('');

function problemsOf(text: string): readonly { readonly path: string; readonly what: string }[] {
  const parsed = parseConfig(HEAD + text);
  return parsed.ok ? [] : parsed.problems;
}

/** Number of reads of the list of a link by a file with this number of subdevices, on ten links. */
function readsWith(count: number): number {
  const listed = vi.spyOn(driverNamed('mqttsn'), 'listed');
  onTestFinished(() => listed.mockRestore());
  const links = Array.from({ length: 10 }, (_, index) => link(index, ids(count / 10, (index * count) / 10)));
  expect(problemsOf(links.join('') + subdevices(ids(count)))).toEqual([]);
  const reads = listed.mock.calls.length;
  listed.mockRestore();
  return reads;
}

it('the lists of the links are read equally often for ten and for a thousand subdevices', () => {
  expect(readsWith(1000)).toBe(readsWith(10));
});

it('a subdevice that only the last of many links serves has no problem, and one that none serves has one', () => {
  const links = Array.from({ length: 20 }, (_, index) => link(index, [`m${index}`]));
  expect(problemsOf(links.join('') + subdevices(ids(20)))).toEqual([]);
  expect(problemsOf(links.join('') + subdevices(ids(21)))).toMatchObject([
    { path: 'subdevice[20].id', what: 'is "m20", which no link serves' },
  ]);
});

it('a link without a list serves every subdevice, also after links with lists', () => {
  expect(problemsOf(link(0, ['m0']) + link(1, []) + subdevices(ids(5)))).toEqual([]);
});

it('a subdevice with a link is served by that link only', () => {
  const tied = (name: string): string => `[[subdevice]]\nid = "m1"\nlink = "${name}"\n`;
  const links = link(0, ['m0']) + link(1, []) + subdevices(['m0']);
  expect(problemsOf(links + tied('l1'))).toEqual([]);
  expect(problemsOf(links + tied('l0'))).toMatchObject([{ what: 'is "m1", which no link serves' }]);
  expect(problemsOf(links + tied('l2'))).toMatchObject([{ what: 'is "l2", but no link has that name' }]);
});

it('an id that a list has twice, and one that no subdevice has, are named at their places', () => {
  const links = link(0, ['m0', 'm1', 'm0', 'x']);
  expect(problemsOf(links + subdevices(ids(2)))).toMatchObject([
    { path: 'link[0].subdevices[2]', what: 'is "m0", which is already in the list' },
    { path: 'link[0].subdevices[3]', what: 'is "x", but no [[subdevice]] has that id' },
  ]);
});

it('a subdevice without a valid id hides only what depends on it', () => {
  const links = link(0, ['m0', 'm1']) + link(1, ['x']);
  const found = problemsOf(`${links}${subdevices(['m0'])}[[subdevice]]\nid = 7\n`);
  expect(found.map(({ path }) => path)).toEqual(['subdevice[1].id']);
  expect(problemsOf(`${link(0, ['m0'])}${subdevices(['m0'])}[[subdevice]]\nid = 7\n`)).toHaveLength(1);
});
