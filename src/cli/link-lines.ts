/** Lines about links: in full, and shortened so that the state and the end of the port, its number, stay legible. */
import { brokenFrames, type LinkReport, type LinkStateReport } from '../ops/reports/link-report.ts';
import { countOf, countWords, durationWords, printable, sleepWords } from '../ops/words.ts';
import { shortened, withoutMiddle } from './columns.ts';

/** Largest number of links with a line each on a screen without room. */
const SHORT_LINKS_MAX = 2;
/** Smallest width of the name of a link in a shortened line, in columns. */
const NAME_WIDTH_MIN = 10;
/** Smallest width of a port, in columns: that of `rfc2217://192.168.100.200:40001`. */
const PORT_WIDTH_MIN = 31;
const GAP = ' · ';
/** Sign of the words after the state that have no room. */
const END = ' …';

/** State in one word, for a table or a line without room. */
export function stateWord(state: LinkStateReport): string {
  return state === 'waiting to reopen' ? 'waiting' : state;
}

/** Configured port, with its current device if that has another name. */
export function portWords({ device, path }: Pick<LinkReport, 'device' | 'path'>): string {
  return device === null || device === path ? path : `${path} (${device})`;
}

/**
 * One line for each of few links, those that are not open first; otherwise the numbers of links.
 * @param width columns for a line
 */
export function shortLinkLines(links: readonly LinkReport[], width: number): string[] {
  const isOpen = ({ state }: LinkReport): boolean => state === 'open';
  if (links.length <= SHORT_LINKS_MAX)
    return links
      .toSorted((one, other) => Number(isOpen(one)) - Number(isOpen(other)))
      .map((link) => shortLinkLine(link, width));
  return [`${countWords(links.filter(isOpen).length)} of ${countWords(links.length)} open: holdfast links`];
}

export function linkLine(link: LinkReport): string {
  return [link.name, portWords(link), ...furtherParts(link)].join(GAP);
}

/** Line of which name, port and state are within `width`: the name is shortened first, then the port. */
function shortLinkLine(link: LinkReport, width: number): string {
  const line = linkLine(link);
  if (printable(line).length <= width) return line;
  const [, ...rest] = furtherParts(link);
  const state = `${stateWord(link.state)} ${durationWords(link.forMs)}`;
  const port = link.device ?? link.path;
  const room = Math.max(0, width - state.length - 2 * GAP.length - END.length);
  const nameWidth = Math.max(NAME_WIDTH_MIN, room - Math.max(PORT_WIDTH_MIN, port.length));
  const name = shortened(link.name, nameWidth);
  return [name, withoutMiddle(port, Math.max(1, room - name.length)), state, ...rest].join(GAP);
}

/** State, subdevices, noise and problem of a link. */
function furtherParts(link: LinkReport): string[] {
  const broken = brokenFrames(link.counters);
  return [
    `${link.state} ${durationWords(link.forMs)}`,
    `${countOf(link.subdevices.length, 'subdevice')}${sleeperWords(link.asleep)}`,
    ...(broken === 0 ? [] : [`${countWords(broken)} broken of ${countWords(link.counters.framesIn + broken)} frames`]),
    ...(link.state === 'open' || link.lastProblem === null ? [] : [link.lastProblem]),
  ];
}

/**
 * Text about sleeping subdevices: `, asleep: pump-7 (lost in 75 s unless it wakes)`. The text names the subdevice that
 * will be lost first, and gives the number of the others.
 */
function sleeperWords(asleep: LinkReport['asleep']): string {
  const [first, ...others] = asleep.toSorted((one, other) => one.lostInMs - other.lostInMs);
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : ` and ${countOf(others.length, 'other')}`;
  return `, asleep: ${first.subdevice} (${sleepWords(first.lostInMs)})${more}`;
}
