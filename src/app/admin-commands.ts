/** Commands of the administrative socket, by name. Each command checks its own body. */

import { type HubIdentity, identityKey } from '../base/hub-identity.ts';
import type { ProbeOutcome } from '../base/probe.ts';
import { filtersOn } from '../custody/operator-hold.ts';
import type { Letters, LettersDone } from '../flow/dead-letters.ts';
import type { BindingFlow } from '../flow/subdevice-bindings.ts';
import { isDone, meaningOf } from '../hub/gateway/result-codes.ts';
import { type AdminCommands, refusal } from '../ops/api/administration.ts';
import { type Frozen, type Recordings, recordersOf } from '../ops/recordings.ts';
import {
  type BindingOutcome,
  type BindingOutcomes,
  type BindingsReport,
  bindingHealth,
} from '../ops/reports/binding-report.ts';
import { releasePackets } from '../ops/reports/hub-packets-report.ts';
import { countOf, countWords } from '../ops/words.ts';
import { backlogCommands } from './backlog-commands.ts';
import { backupCommands } from './backup-commands.ts';
import { firmwareCommands } from './firmware-commands.ts';
import type { Gateway } from './gateway.ts';
import { runInMailbox } from './in-mailbox.ts';
import { noteCommands } from './note-commands.ts';
import { sendCommands } from './send-commands.ts';
import { viewOf } from './view.ts';

/** Largest number of names in one command: as many subdevices as the hub allows one gateway. */
const NAMES_MAX = 1500;

/** Largest number of dead letters in one command. */
const LETTERS_MAX = 1000;

/** @param handleHangs marks the loss that hangs may have caused as handled; false: there is none */
export function adminCommandsFor(gateway: Gateway, handleHangs: () => boolean = () => false): AdminCommands {
  const { deadLetters, parts } = gateway;
  const acted = (by: string | undefined, action: string, subject: string, detail: string): void => {
    parts.facts.emit('operatorActed', { action, subject, detail, by });
  };
  return {
    'dead-letters.retry': async ({ letters }, by) => {
      const answer = answerOf(await deadLetters.retry(lettersOf(letters)));
      acted(by, 'dead-letters retry', lettersWords(letters), countOf(answer.done, 'dead letter'));
      return answer;
    },
    'dead-letters.drop': async ({ letters }, by) => {
      const answer = answerOf(await deadLetters.drop(lettersOf(letters)));
      acted(by, 'dead-letters drop', lettersWords(letters), countOf(answer.done, 'dead letter'));
      return answer;
    },
    'gap.acknowledge': async (_, by) => {
      const answer = await runInMailbox(gateway, () => acknowledgeGap(gateway));
      acted(by, 'acknowledge-gap', '', '');
      return answer;
    },
    'loss.acknowledge': async (_, by) => {
      const handled = await runInMailbox(gateway, () => acknowledgeLoss(gateway, handleHangs));
      acted(by, 'acknowledge-loss', '', handled.join(', '));
      return { acknowledged: true };
    },
    'store.adopt': async (_, by) => {
      const { differences } = gateway.owner;
      const answer = await adoptStore(gateway);
      acted(by, 'adopt', '', `the store of another machine (other ${differences.join(', ')}) belongs to this one now`);
      return answer;
    },
    'subdevices.forget': async ({ subdevice }, by) => {
      const answer = await forget(gateway, subdevice);
      acted(by, 'subdevices forget', String(subdevice), `${countOf(answer.discarded, 'downlink')} discarded`);
      return answer;
    },
    'hub.bind': async (body, by) => {
      const answer = await bind(gateway, 'bind', namesIn(body));
      acted(by, 'hub bind', namesWords(namesIn(body)), doneWords(answer));
      return answer;
    },
    'hub.unbind': async (body, by) => {
      const answer = await bind(gateway, 'unbind', namesIn(body));
      acted(by, 'hub unbind', namesWords(namesIn(body)), doneWords(answer));
      return answer;
    },
    'hub.describe': async () => describe(gateway),
    'hub.release': async ({ names }, by) => {
      const answer = await runInMailbox(gateway, () => release(gateway, names));
      acted(by, 'hub subscriptions release', namesWords(answer.released), '');
      return answer;
    },
    'link.probe': async ({ link, subdevice }) => probe(gateway, link, subdevice),
    ...backlogCommands(gateway),
    ...backupCommands(gateway),
    ...firmwareCommands(gateway),
    ...noteCommands(gateway),
    ...sendCommands(gateway),
  };
}

/** Largest number of names that the description of an action lists. */
const NAMES_SHOWN_MAX = 4;

function namesWords(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN_MAX;
  return `${names.slice(0, NAMES_SHOWN_MAX).join(', ')}${more > 0 ? ` and ${countWords(more)} more` : ''}`;
}

/** @param letters valid argument of `lettersOf` */
function lettersWords(letters: unknown): string {
  return Array.isArray(letters) ? namesWords(letters.map(String)) : String(letters);
}

function doneWords({ outcomes }: BindingOutcomes): string {
  return `${countWords(outcomes.filter(({ done }) => done).length)} of ${countWords(outcomes.length)} done`;
}

/** Commands that write files and change nothing else. */
export function recorderCommands(gateway: Gateway, recordings: Recordings): AdminCommands {
  return {
    'recorder.freeze': async ({ of }, by) => {
      const answer = await freeze(gateway, recordings, of);
      const detail = countOf(answer.frozen.length, 'recording');
      gateway.parts.facts.emit('operatorActed', {
        action: 'record',
        subject: of === undefined ? '' : String(of),
        detail,
        by,
      });
      return answer;
    },
  };
}

/** Writes the contents of flight recorders to files. @param of link name, or `hub`; `undefined`: all recorders */
async function freeze(gateway: Gateway, recordings: Recordings, of: unknown): Promise<{ readonly frozen: Frozen[] }> {
  if (gateway.config.recorder.ringBytes === 0)
    throw refusal('The flight recorder is off', 'Set recorder.ring_bytes to more than 0, and restart the gateway.');
  const selected = recordersOf(viewOf(gateway)).filter(({ subject }) => of === undefined || subject.name === of);
  if (selected.length === 0)
    throw refusal(
      `No link has the name ${JSON.stringify(of)}`,
      'holdfast status lists the links; the connection to the hub has the name hub.',
    );
  try {
    return { frozen: await Promise.all(selected.map((recorder) => recordings.freeze(recorder, 'asked'))) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refusal(`The recording cannot be written: ${why}`, 'Check the disk of the state directory: df, dmesg.');
  }
}

/** Ends the session of a subdevice that is not in the configuration. */
async function forget(gateway: Gateway, subdevice: unknown): Promise<{ readonly discarded: number }> {
  if (typeof subdevice !== 'string')
    throw refusal('Missing "subdevice" in the request', 'Write {"subdevice": "meter-1"}.');
  return await runInMailbox(
    gateway,
    () =>
      new Promise((resolve) => {
        refuseOnHold(gateway, subdevice);
        if (gateway.presence.forget(subdevice, (discarded) => resolve({ discarded }))) return;
        throw refusal(
          `${JSON.stringify(subdevice)} has no session that can be ended`,
          'Only a subdevice that is not in the configuration and not connected can be forgotten; holdfast subdevices lists them.',
        );
      }),
  );
}

/** An operator hold promises that its messages are kept, so it ends before they are discarded. */
function refuseOnHold({ stations }: Gateway, id: string): void {
  const lane = stations.registry.byId(id)?.lane;
  if (lane === undefined || stations.inbox.pending(lane) === 0) return;
  if (filtersOn(lane, stations.custodian('downlink').holds).length === 0) return;
  throw refusal(
    `Downlinks of ${JSON.stringify(id)} are on hold by an operator, and forgetting it would discard them`,
    `holdfast inbox shows the holds. End the hold (holdfast inbox release), or drop the downlinks with a copy (holdfast inbox drop --subdevice ${id} --yes); then run the command again.`,
  );
}

function lettersOf(given: unknown): Letters {
  const isNumber = (one: unknown): one is number => Number.isSafeInteger(one);
  if (given === 'all') return 'all';
  if (Array.isArray(given) && given.length > 0 && given.length <= LETTERS_MAX && given.every(isNumber)) return given;
  throw refusal(
    'Missing "letters" in the request',
    `Write {"letters": "all"}, or a list of 1 to ${LETTERS_MAX} numbers that holdfast dead-letters list shows.`,
  );
}

function answerOf({ done, stopped }: LettersDone): { readonly done: number; readonly stopped: string | null } {
  if (stopped !== undefined && done === 0)
    throw refusal(`Nothing was done: ${stopped}`, 'holdfast dead-letters list shows the dead letters.');
  return { done, stopped: stopped ?? null };
}

/** Sends one probe to one subdevice. For several probes, the client sets the interval. */
async function probe(gateway: Gateway, link: unknown, subdevice: unknown): Promise<ProbeOutcome> {
  if (typeof link !== 'string' || typeof subdevice !== 'string')
    throw refusal('Missing "link" or "subdevice" in the request', 'Write {"link": "meters", "subdevice": "meter-1"}.');
  return await runInMailbox(gateway, () => gateway.links.probe(link, subdevice));
}

async function describe(gateway: Gateway): Promise<BindingsReport> {
  const answered = await bindingsOf(gateway).describe();
  return { answered, ...bindingHealth(viewOf(gateway)) };
}

async function bind(gateway: Gateway, verb: 'bind' | 'unbind', names: readonly string[]): Promise<BindingOutcomes> {
  const flow = bindingsOf(gateway);
  const requested = names.map((name) => ({ name, identity: identityOf(gateway, verb, name) }));
  const isPossible = (identity: HubIdentity): boolean =>
    verb === 'unbind' || gateway.stations.operations?.canBind(identity) === true;
  const answers = await flow.ask(
    verb,
    requested.map(({ identity }) => identity).filter((identity) => isPossible(identity)),
  );
  const outcomes = requested.map(({ name, identity }): BindingOutcome => {
    const hubIdentity = identityKey(identity);
    const code = answers.get(hubIdentity) ?? null;
    const what = { subdevice: name, hubIdentity, code };
    if (!isPossible(identity)) {
      const remedy = 'Add device_secret_file to the [[subdevice]] and restart the gateway.';
      return { ...what, done: false, sentence: 'the gateway has no device secret for this subdevice', remedy };
    }
    if (code === null) {
      const remedy = 'Check holdfast status and try again. Some hubs accept only operations_batch_max = 1.';
      return { ...what, done: false, sentence: 'the hub did not answer', remedy };
    }
    const { sentence, remedy } = meaningOf(code);
    if (isDone(verb, code)) return { ...what, done: true, sentence, remedy: null };
    return { ...what, done: false, sentence, remedy: remedy?.replace('ID', name) ?? null };
  });
  return { outcomes };
}

/** Releases packets that are held back, by filter or topic. */
function release(gateway: Gateway, names: unknown): { readonly released: readonly string[] } {
  const isList = Array.isArray(names) && names.length > 0 && names.length <= NAMES_MAX;
  if (!isList || !names.every((name) => typeof name === 'string'))
    throw refusal(
      `Missing "names" in the request: a list of 1 to ${NAMES_MAX} filters or topics`,
      'Write {"names": ["gw/a/#"]}.',
    );
  const view = viewOf(gateway);
  const released = names.flatMap((name) => releasePackets(view, name));
  if (released.length === 0)
    throw refusal(
      `No packet of ${names.join(', ')} is held back`,
      'holdfast hub subscriptions lists the filters and topics with packets that are held back.',
    );
  return { released };
}

function bindingsOf({ bindings, stations, config }: Gateway): BindingFlow {
  if (bindings === undefined) {
    const what = `The hub profile "${config.hub.profile}" has no bindings`;
    throw refusal(what, 'Only the profiles intl and mainland have bindings.');
  }
  if (stations.operations?.isConnected !== true)
    throw refusal('The hub is not connected', 'Try again when holdfast status shows the hub as connected.');
  return bindings;
}

/** Returns the names of the request, each once. */
function namesIn({ subdevices }: Readonly<Record<string, unknown>>): readonly string[] {
  const isList = Array.isArray(subdevices) && subdevices.length > 0 && subdevices.length <= NAMES_MAX;
  const names = isList ? subdevices.filter((name) => typeof name === 'string') : [];
  if (isList && names.length === subdevices.length) return [...new Set(names)];
  throw refusal(
    `Missing "subdevices" in the request: a list of 1 to ${NAMES_MAX} names`,
    'Write {"subdevices": ["meter-1"]}.',
  );
}

/**
 * Returns the identity of a configured id. For `unbind`, `product/device` of an unconfigured subdevice is allowed too.
 */
function identityOf(gateway: Gateway, verb: 'bind' | 'unbind', name: string): HubIdentity {
  const subdevice = gateway.config.subdevices.find(({ id }) => id === name);
  if (subdevice?.hubIdentity !== undefined) return subdevice.hubIdentity;
  const [, productId, deviceName] = /^([A-Za-z0-9]{10})\/([A-Za-z0-9:_-]{1,48})$/.exec(name) ?? [];
  if (verb === 'unbind' && productId !== undefined && deviceName !== undefined) return { productId, deviceName };
  const also = verb === 'unbind' ? ', or PRODUCT/DEVICE of an unconfigured one' : '';
  throw refusal(`No [[subdevice]] has the id ${JSON.stringify(name)}`, `Use the id of a configured subdevice${also}.`);
}

function acknowledgeGap({ watch }: Gateway): { readonly acknowledged: true } {
  if (!watch.settleGap())
    throw refusal('There is no gap to acknowledge', 'holdfast status reports no missing downlinks.');
  return { acknowledged: true };
}

function adoptStore(gateway: Gateway): Promise<{ readonly adopted: true }> {
  return runInMailbox(
    gateway,
    () =>
      new Promise((resolve) => {
        if (!gateway.owner.adopt(() => resolve({ adopted: true })))
          throw refusal('The store belongs to this machine already', 'There is nothing to adopt.');
      }),
  );
}

/** @returns what was acknowledged, in words */
async function acknowledgeLoss({ stations, parts }: Gateway, handleHangs: () => boolean): Promise<readonly string[]> {
  const isOfHang = handleHangs();
  const isOfStore = await stations.losses.acknowledge(parts.clock.nowMs());
  if (!isOfHang && !isOfStore)
    throw refusal(
      'There is no loss to acknowledge',
      'holdfast status reports no messages lost by the store or by a hang.',
    );
  return [...(isOfStore ? ['loss of the store'] : []), ...(isOfHang ? ['possible loss by a hang'] : [])];
}
