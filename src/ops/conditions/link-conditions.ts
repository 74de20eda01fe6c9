/**
 * What is wrong with the links: conditions for the technician. What a device says while its link is down is lost, or at the
 * risk of the device that keeps it.
 */
import { REOPENED } from '../../flow/links.ts';
import type { LinkReport } from '../reports/link-report.ts';
import type { Condition } from '../reports/report.ts';
import { misplacedConditions, unlistedConditions } from './misplaced.ts';
import { missingConditions } from './missing.ts';

export function linkConditions(links: readonly LinkReport[]): Condition[] {
  return links.flatMap((link) => [
    ...portConditions(link),
    ...unlistedConditions(link),
    ...(link.looksLike === null ? troubleConditions(link) : misplacedConditions(link, links)),
  ]);
}

/** Of a line whose bytes look like nothing else: what else they look like would explain all of these. */
function troubleConditions(link: LinkReport): Condition[] {
  const { name, path, driver, missing, probeable } = link;
  const hasAnswers = probeable.some((id) => !missing.some(({ subdevice }) => subdevice === id));
  const where = { link: name, path, driver, heard: heardWords(link), hasAnswers };
  return [...missingConditions(missing, where), ...lineConditions(link)];
}

/** What the end of a link means for the data, by driver. */
const LOSS: Readonly<Record<string, string>> = {
  lines: 'What its device sends meanwhile is lost, unless the device repeats it.',
  mqttsn: 'What its subdevices send meanwhile is lost, unless they keep it.',
  modbus: 'Its units are not read: what changes meanwhile is not seen.',
};
const LOSS_OF_ANY = 'What its devices send meanwhile is lost, unless they keep it.';

function portConditions(link: LinkReport): Condition[] {
  if (link.state === 'open' || link.state === 'stopped') return [];
  const { name, path, forMs, lastProblem, waits, driver } = link;
  // the first opening has not ended, or a recovery step opens the port again: neither is a fault of the port
  if (lastProblem === REOPENED || (lastProblem === null && waits === null)) return [];
  const shared = { losing: 'at risk', forMs } as const;
  const loss = LOSS[driver] ?? LOSS_OF_ANY;
  switch (waits) {
    case 'ambiguous':
      return [
        {
          ...{ ...shared, code: 'link-port-ambiguous' },
          sentence: `Link ${name} opens no port, since ${path} may be any of several: ${lastProblem ?? ''}. ${loss}`,
          hint: 'holdfast ports shows a name for each; write the right one into the configuration.',
        },
      ];
    case 'shared':
      return [
        {
          ...{ ...shared, code: 'link-port-shared' },
          sentence: `Link ${name} opens no port: ${lastProblem ?? ''}. ${loss}`,
          hint: 'Two links lead to one port; holdfast ports shows which is which.',
        },
      ];
    case 'absent':
      return [
        {
          ...{ ...shared, code: 'link-down' },
          sentence: `Link ${name} is down: ${lastProblem ?? ''}. ${loss}`,
          hint: 'Plug it in; it is opened at once. holdfast ports shows what is plugged in.',
        },
      ];
    case null:
      return [
        {
          ...{ ...shared, code: 'link-down' },
          sentence: `Link ${name} is down: ${lastProblem ?? ''}. ${loss}`,
          hint: remedyOf(path, lastProblem ?? ''),
        },
      ];
  }
}

/** The words are those of `io/serial/tty.ts`; a cable is suspected only where nothing else is known. */
function remedyOf(path: string, problem: string): string {
  const again = 'it is tried again by itself.';
  const [, user] = / is in use by (.+)$/.exec(problem) ?? [];
  if (user !== undefined) return `${holderRemedy(user, path)}; ${again}`;
  if (/ may not open /.test(problem))
    return `Then restart the gateway: groups are read when it starts. The unit has SupplementaryGroups=dialout.`;
  if (/ is not a serial device| does not support /.test(problem)) return 'Correct path or baud_rate of the link.';
  if (/ has no hardware| does not answer: /.test(problem))
    return 'Switch the port on (on a Raspberry Pi: raspi-config), or correct path: holdfast ports shows what there is.';
  if (/too many open files/.test(problem)) return 'Restart the gateway, and report this with the journal.';
  if (/^no such device/.test(problem))
    return `Plug it in, or correct path: holdfast ports shows what there is; ${again}`;
  return `Check the cable and the adapter of ${path}; ${again}`;
}

/** @param user as `io/serial/tty-holder.ts` names it: `minicom (process 812)` */
function holderRemedy(user: string, path: string): string {
  const [, name = '', pid] = /^(.*?) ?\(process (\d+)\)/.exec(user) ?? [];
  const port = path.split('/').at(-1);
  switch (name) {
    case 'holdfast':
      return `Only one gateway can have a port: stop process ${pid} (systemctl stop holdfast, or kill ${pid}), or correct path of one of the two`;
    case 'agetty':
    case 'getty':
    case 'login':
      return `Switch the login console off: sudo systemctl disable --now serial-getty@${port}; on a Raspberry Pi also raspi-config, Interface Options, Serial Port`;
    case 'ModemManager':
      return 'Run: sudo systemctl disable --now ModemManager';
    case 'this gateway itself':
      return 'Restart the gateway, and report this with the journal';
    default:
      return pid === undefined
        ? `Find it with: sudo fuser -v ${path}; then stop it`
        : `Stop that program (kill ${pid})`;
  }
}

/** What is heard on a link instead of whoever is missing. */
function heardWords(link: LinkReport): string | undefined {
  const others = link.unlisted.map(({ subdevice }) => `the client id ${subdevice}`);
  return others.length === 0 ? undefined : others.join(', ');
}

/** Which remedy fits is said by what is discarded there, where something is. */
function lineConditions({ name, discarded, recovery: { failure } }: LinkReport): Condition[] {
  const conditions: Condition[] = [];
  if (failure !== null) {
    if (failure.trouble === 'noise' && discarded.some(({ lasts, share }) => lasts && share > 0.5)) return [];
    const what = failure.trouble === 'silence' ? 'is silent' : 'carries little but broken frames';
    conditions.push({
      ...{ code: 'link-out-of-order', losing: 'at risk', forMs: failure.forMs },
      sentence: `The line of link ${name} ${what}, and everything that may be tried was tried.`,
      hint:
        failure.trouble === 'silence'
          ? 'Look at the device: power, cable, the speed of the line.'
          : 'Look at the speed of the line, its ground and its termination; holdfast links shows the counters.',
    });
  }
  return conditions;
}
