/**
 * Answers for a first configuration: from options, and the missing ones from questions on the terminal. Without a
 * terminal every answer that has no default must be an option.
 */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAbsolute } from 'node:path';
import { Fault } from '../../base/fault.ts';
import type { SerialPort } from '../../base/serial-port.ts';
import { type HubProfile, PROFILES } from '../../config/hub/profiles.ts';
import { DRIVERS } from '../../driver/drivers.ts';
import { readSecretFile } from '../../io/secret-file.ts';
import { countOf } from '../../ops/words.ts';
import { choosePorts, placeOf } from './choose-ports.ts';
import type { InitAnswers, InitLink, InitOptions } from './init-answers.ts';
import { KeyQuestions } from './key-questions.ts';
import { refuseIneffective, subdeviceOf } from './option-problems.ts';
import type { Interview } from './question.ts';
import { type PortSample, samplePort } from './sample-port.ts';

/** A secret that was typed, and the rest of the answers. */
export interface Answered {
  readonly answers: InitAnswers;
  /** Content of `answers.secretFile`, which is to be written; `undefined`: the file exists, or none is needed. */
  readonly secret: string | undefined;
}

export interface Surroundings {
  readonly ports: readonly SerialPort[];
  /** `undefined`: no terminal. */
  readonly interview: Interview | undefined;
  /** Path for a secret that is typed. */
  readonly newSecretFile: string;
  /** Samples by device, so that repeated questions do not listen again. */
  readonly samples: Map<string, PortSample>;
  /** Reports something that does not prevent a configuration. */
  warn(message: string, hint: string): void;
}

export async function answersOf(options: InitOptions, surroundings: Surroundings): Promise<Answered> {
  const { interview, ports } = surroundings;
  const questions = new KeyQuestions(interview);
  const paths = await choosePorts(options.port, ports, questions);
  const name = await questions.key({
    key: 'gateway.name',
    text: 'Name of the gateway',
    given: options.name,
    fallback: machineName(),
  });
  const profile = (await questions.key({
    key: 'hub.profile',
    text: `Type of hub (${PROFILES.join(', ')})`,
    given: options.profile,
    fallback: 'generic',
  })) as HubProfile;
  refuseIneffective(options, profile, { portCount: paths.length, canAsk: interview !== undefined });
  const address = await questions.hubAddress(options);
  const isGeneric = profile === 'generic';
  const identity = isGeneric ? NOBODY : await questions.identity('hub', 'the gateway', options);
  const username = isGeneric ? await questions.username(options.username, options.secretFile !== undefined) : undefined;
  const needsSecret = !isGeneric || username !== undefined;
  const { secretFile, secret } = needsSecret
    ? await secretOf(options, surroundings, questions, isGeneric ? 'password' : 'device secret')
    : { secretFile: undefined, secret: undefined };
  const links: InitLink[] = [];
  for (const path of paths) links.push(await linkOf({ path, isGeneric, links }, options, surroundings, questions));
  return { answers: { name, profile, ...address, ...identity, username, secretFile, links }, secret };
}

/** Speed of most devices with USB. */
const BAUD_RATE = 115_200;
const NOBODY = { productId: undefined, deviceName: undefined } as const;

/** Name of this machine, in the characters that a gateway may have. */
function machineName(): string {
  const name = hostname()
    .replaceAll(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 64);
  return name === '' ? 'gw-1' : name;
}

async function secretOf(
  { secretFile }: InitOptions,
  { interview, newSecretFile, warn }: Surroundings,
  questions: KeyQuestions,
  what: string,
): Promise<{ readonly secretFile: string; readonly secret: string | undefined }> {
  if (secretFile !== undefined) {
    warnOfSecret(secretFile, what, warn);
    return { secretFile, secret: undefined };
  }
  const isThere = existsSync(newSecretFile);
  if (interview === undefined) {
    const hint = isThere
      ? `Name the one that exists, --secret-file ${newSecretFile}, or another one.`
      : 'Write the secret into a file with mode 0600, and name it: holdfast init --secret-file FILE.';
    throw new Fault('usage', `No file with the ${what} was named`, { hint });
  }
  if (isThere && (await questions.yes(`${newSecretFile} exists already. Use it as the ${what}?`))) {
    warnOfSecret(newSecretFile, what, warn);
    return { secretFile: newSecretFile, secret: undefined };
  }
  const file = isThere
    ? await interview.ask({ text: `New file for the ${what}`, fallback: `${newSecretFile}-2`, problem: newFileProblem })
    : newSecretFile;
  return {
    secretFile: file,
    secret: await interview.ask({ text: `The ${what} (not shown; written to ${file})`, isSecret: true }),
  };
}

/** Warns of a file of a secret that config check would reject. */
function warnOfSecret(path: string, what: string, warn: Surroundings['warn']): void {
  if (!existsSync(path))
    return warn(`${path} does not exist`, `Write the ${what} into it, with mode 0600, before the gateway starts.`);
  try {
    readSecretFile(path);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    warn(error.message, `Before the gateway starts: ${error.hint}`);
  }
}

function newFileProblem(path: string): string | undefined {
  if (!isAbsolute(path)) return 'Write the whole path, such as /etc/holdfast/hub-secret-2.';
  return existsSync(path) ? `${path} exists already.` : undefined;
}

interface LinkPlace {
  readonly path: string;
  readonly isGeneric: boolean;
  /** Links before this one. */
  readonly links: readonly InitLink[];
}

async function linkOf(
  { path, isGeneric, links }: LinkPlace,
  options: InitOptions,
  surroundings: Surroundings,
  questions: KeyQuestions,
): Promise<InitLink> {
  const number = links.length + 1;
  const sample = await sampleOf(path, options.listen, surroundings);
  const names = DRIVERS.map(({ name }) => name);
  const driver = await questions.key({
    key: 'link.driver',
    text: `Driver of ${path} (${names.join(', ')})`,
    given: options.driver,
    fallback: sample?.protocol?.driver ?? names[0] ?? '',
  });
  const speed = sample?.baudRate ?? BAUD_RATE;
  const baudRate = await questions.number('link.baud_rate', `Bits per second of ${path}`, options.baudRate, speed);
  const whose = `the first subdevice on ${path}`;
  const text = options.subdevice[number - 1];
  const given = text === undefined ? undefined : subdeviceOf(text);
  const id = await questions.key({
    key: 'subdevice.id',
    text: `Id of ${whose}`,
    given: given?.id,
    fallback: `device-${number}`,
    rule: (answer) =>
      links.some(({ subdevice }) => subdevice.id === answer) ? 'Another subdevice has this id.' : undefined,
  });
  const identity = isGeneric ? NOBODY : await questions.identity('subdevice', whose, given?.product ?? {});
  const name = number === 1 ? 'field' : `field-${number}`;
  return { name, path, baudRate, driver, subdevice: { id, ...identity } };
}

/** Listens on a port, and says what was received, or why the port cannot be used now. */
async function sampleOf(
  path: string,
  forMs: number,
  { ports, interview, samples, warn }: Surroundings,
): Promise<PortSample | undefined> {
  const { device, why } = placeOf(path, ports);
  if (device === undefined) {
    warn(
      `Port ${path} cannot be used now: ${why}`,
      'Correct the path in the file, or plug the adapter in. holdfast ports lists the ports.',
    );
    return undefined;
  }
  const known = samples.get(device);
  if (known !== undefined || forMs === 0) return known;
  const sample = await samplePort(device, forMs);
  samples.set(device, sample);
  interview?.say(`${path}: ${sampleWords(sample)}`);
  return sample;
}

function sampleWords({ bytes, baudRate, protocol, problem }: PortSample): string {
  if (problem !== undefined) return `it cannot be opened (${problem}).`;
  if (bytes === 0) return 'nothing was received. A device that only answers is silent here.';
  const what = protocol === undefined ? 'of no known protocol' : `that look like ${protocol.words}`;
  return `${countOf(bytes, 'byte')} at ${baudRate} bits per second ${what}.`;
}
