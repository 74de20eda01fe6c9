/** Check of every configured subdevice: connected, never seen, silent, refused, or replaced by something else. */
import type { Config } from '../config/schema.ts';
import { looksLikeWords } from '../ops/conditions/misplaced.ts';
import { checksOfSilentDevice, isOnNetwork } from '../ops/conditions/way-words.ts';
import type { LinkReport } from '../ops/reports/link-report.ts';
import type { SubdeviceReport } from '../ops/reports/report.ts';
import { STATE_WORDS } from '../ops/reports/subdevice-state.ts';
import { countOf, durationWords } from '../ops/words.ts';
import { type Check, ok, skipped, warn } from './check.ts';

/** Largest number of subdevices that the finding names. */
const NAMED_MAX = 10;

export const gatewaySubdevices: Check = {
  id: 'gateway.subdevices',
  about: 'every configured subdevice is connected',
  msMax: 1000,
  run: async ({ gateway, reading }) => {
    const { id } = gatewaySubdevices;
    if (gateway.kind !== 'running' || gateway.subdevices === undefined) return [skipped(id, 'No gateway answers.')];
    const { links } = gateway.status;
    const configured = gateway.subdevices.subdevices.filter((one) => one.configured);
    const config = reading.kind === 'valid' ? reading.config : undefined;
    const absent = configured.flatMap((one) => {
      const homes = homesOf(one, links, config);
      const isSilent = homes.some(({ missing }) => missing.some(({ subdevice }) => subdevice === one.id));
      return one.attached && !isSilent ? [] : [absenceOf(one, homes, links)];
    });
    const count = `${configured.length - absent.length} of ${countOf(configured.length, 'configured subdevice')} connected.`;
    if (absent.length === 0) return [ok(id, count)];
    const facts = absent.slice(0, NAMED_MAX).map(({ fact }) => fact);
    const more = absent.length > NAMED_MAX ? [`And ${absent.length - NAMED_MAX} more.`] : [];
    const remedies = [...new Set(absent.map(({ remedy }) => remedy))];
    return [warn(id, [count, ...facts, ...more], remedies.slice(0, 2).join(' '))];
  },
};

/** Links on which the subdevice may connect. */
function homesOf(
  { id, link }: SubdeviceReport,
  links: readonly LinkReport[],
  config: Config | undefined,
): LinkReport[] {
  const allowed = config?.links.filter(({ allowedSubdevices }) => allowedSubdevices?.includes(id) ?? true);
  const names = allowed === undefined ? [link] : allowed.map(({ name }) => name);
  return links.filter(({ name }) => names.includes(name));
}

interface Absence {
  readonly fact: string;
  readonly remedy: string;
}

function absenceOf(
  { id, link, silentMs, binding }: SubdeviceReport,
  homes: readonly LinkReport[],
  links: readonly LinkReport[],
): Absence {
  const where = homes.length === 0 ? '' : ` on link ${homes.map(({ name }) => name).join(' or ')}`;
  const who = `${id}${where}`;
  if (binding === 'unbound')
    return { fact: `${who}: not bound at the hub, so it is not served.`, remedy: `Bind it: holdfast hub bind ${id}.` };
  const elsewhere = links.find(({ unlisted }) => unlisted.some(({ subdevice }) => subdevice === id));
  if (elsewhere !== undefined)
    return {
      fact: `${who}: connects on link ${elsewhere.name} and is refused there.`,
      remedy: `Connect ${id} to its own port, or add it to subdevices of ${elsewhere.name}.`,
    };
  const [home] = homes;
  if (home !== undefined && home.state !== 'open')
    return { fact: `${who}: the port is not open.`, remedy: 'Open the port first: see link.port.' };
  const unlisted = home?.unlisted[0];
  if (unlisted !== undefined)
    return {
      fact: `${who}: not received; ${unlisted.subdevice} connects there and is refused.`,
      remedy: 'Connect the right device, correct the id in the device, or add the other one to the configuration.',
    };
  const guess = home === undefined ? undefined : looksLikeWords(home, links);
  if (home !== undefined && guess !== undefined)
    return { fact: `${who}: not received. ${guess.sentence}`, remedy: guess.hint };
  if (home?.discarded.some(({ lasts, share }) => lasts && share > 0.5) === true)
    return {
      fact: `${who}: not received; most of what arrives is discarded.`,
      remedy: 'See link.line and gateway.condition.',
    };
  const isPolled = home?.polled === true;
  const test = `test it with: holdfast link test ${home?.name ?? 'NAME'}`;
  const ofServer = home !== undefined && isOnNetwork(home) ? `${checksOfSilentDevice(home)}; ${test}.` : undefined;
  if (silentMs !== null)
    return {
      fact: `${who}: silent for ${durationWords(silentMs)}.`,
      remedy:
        ofServer ?? `Check power and wires of ${id}; test the line with: holdfast link test ${home?.name ?? 'NAME'}.`,
    };
  const sinceStart = isPolled ? 'has not answered since the start' : 'nothing received since the start';
  const seen = link === null ? `${STATE_WORDS.neverSeen}; ${sinceStart}` : sinceStart;
  return {
    fact: `${who}: ${seen}.`,
    remedy: ofServer ?? `Check power and wires of ${id}, its id or address, and the speed of the line; ${test}.`,
  };
}
