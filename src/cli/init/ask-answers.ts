/**
 * Answers for a first configuration: from options, and the missing ones from questions on the terminal. Without a
 * terminal every answer that has no default must be an option.
 */
import { hostname } from 'node:os';
import { Fault } from '../../base/fault.ts';
import type { SerialPort } from '../../base/serial-port.ts';
import { stableNameOf } from '../../base/serial-port.ts';
import { type HubProfile, PROFILES } from '../../config/hub/profiles.ts';
import { DRIVERS } from '../../driver/drivers.ts';
import { countOf } from '../../ops/words.ts';
import { answerProblem, type InitAnswers, type InitLink, type InitSubdevice } from './init-answers.ts';
import type { Interview } from './question.ts';
import { type PortSample, samplePort } from './sample-port.ts';

export interface InitOptions {
  readonly name?: string;
  readonly profile?: string;
  readonly host?: string;
  readonly tls?: true;
  readonly productId?: string;
  readonly deviceName?: string;
  readonly username?: string;
  readonly secretFile?: string;
  /** Stable names or devices of ports. */
  readonly port: readonly string[];
  readonly driver?: string;
  readonly baudRate?: number;
  readonly subdevice: readonly string[];
  /** Time for listening on a port at one speed, ms. */
  readonly listen: number;
}

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
}

export async function answersOf(options: InitOptions, surroundings: Surroundings): Promise<Answered> {
  const { interview } = surroundings;
  const asker = new Asker(interview);
  const { ports } = surroundings;
  const stable = (given: string): string => {
    const port = ports.find(({ device }) => device === given);
    return port === undefined ? given : stableNameOf(port, ports);
  };
  const paths = options.port.length > 0 ? options.port.map(stable) : await choosePorts(surroundings, asker);
  const name = await asker.key('gateway.name', 'Name of the gateway', options.name, machineName());
  const profile = (await asker.key(
    'hub.profile',
    `Type of hub (${PROFILES.join(', ')})`,
    options.profile,
    'generic',
  )) as HubProfile;
  const host = await asker.key('hub.host', 'Host name or address of the hub', options.host);
  const tls = await asker.tls(options.tls);
  const isGeneric = profile === 'generic';
  const identity = isGeneric ? NOBODY : await asker.identity('hub', 'the gateway', options);
  const username = isGeneric ? await asker.username(options.username) : undefined;
  const needsSecret = !isGeneric || username !== undefined;
  const { secretFile, secret } = needsSecret
    ? await secretOf(options, surroundings, isGeneric ? 'password' : 'device secret')
    : { secretFile: undefined, secret: undefined };
  const links: InitLink[] = [];
  for (const [index, path] of paths.entries())
    links.push(await linkOf({ path, index, isGeneric }, options, surroundings, asker));
  return { answers: { name, profile, host, tls, ...identity, username, secretFile, links }, secret };
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

/** Questions about keys of the configuration. */
class Asker {
  readonly #interview: Interview | undefined;

  constructor(interview: Interview | undefined) {
    this.#interview = interview;
  }

  /** @param given value of the option; it is checked as an answer is */
  async key(key: string, text: string, given: string | undefined, fallback?: string): Promise<string> {
    const problem = (answer: string): string | undefined => answerProblem(key, answer);
    const fixed = given ?? (this.#interview === undefined ? fallback : undefined);
    if (fixed !== undefined) {
      const wrong = problem(fixed);
      if (wrong === undefined) return fixed;
      throw new Fault('usage', `${text}: ${JSON.stringify(fixed)} is not valid`, { hint: wrong });
    }
    if (this.#interview === undefined)
      throw new Fault('usage', `${text}: there is no answer, and no terminal to ask on`, {
        hint: 'Give it as an option: holdfast init --help lists them.',
      });
    return await this.#interview.ask({ text, fallback, problem });
  }

  async baudRate(path: string, fallback: number): Promise<number> {
    if (this.#interview === undefined) return fallback;
    const problem = (answer: string): string | undefined => answerProblem('link.baud_rate', Number(answer));
    return Number(
      await this.#interview.ask({ text: `Bits per second of ${path}`, fallback: String(fallback), problem }),
    );
  }

  async tls(given: true | undefined): Promise<'off' | 'on'> {
    if (given === true) return 'on';
    return (await this.key('hub.tls', 'TLS to the hub (off, on)', undefined, 'off')) === 'on' ? 'on' : 'off';
  }

  async username(given: string | undefined): Promise<string | undefined> {
    if (given !== undefined || this.#interview === undefined) return given;
    const answer = await this.#interview.ask({ text: 'MQTT user name (empty: none)', fallback: '' });
    return answer === '' ? undefined : answer;
  }

  async identity(
    section: 'hub' | 'subdevice',
    whose: string,
    given: { readonly productId?: string; readonly deviceName?: string },
  ): Promise<{ readonly productId: string; readonly deviceName: string }> {
    const productId = await this.key(`${section}.product_id`, `Product id of ${whose}`, given.productId);
    const deviceName = await this.key(`${section}.device_name`, `Device name of ${whose}`, given.deviceName);
    return { productId, deviceName };
  }
}

async function choosePorts({ ports, interview }: Surroundings, asker: Asker): Promise<readonly string[]> {
  if (interview === undefined)
    throw new Fault('usage', 'No port was named, and there is no terminal to ask on', {
      hint: 'Name one or more: holdfast init --port NAME. holdfast ports lists them.',
    });
  if (ports.length === 0) {
    interview.say('No serial port was found: no adapter is plugged in, and no port of the board is enabled.');
    return [await asker.key('link.path', 'Path of the serial port', undefined)];
  }
  interview.say(`${countOf(ports.length, 'serial port')}:`);
  for (const [index, port] of ports.entries())
    interview.say(`  ${index + 1}  ${port.device}  ${stableNameOf(port, ports)}  ${port.usb?.words ?? ''}`.trimEnd());
  const answer = await interview.ask({
    text: 'Ports to use (numbers, separated by commas)',
    fallback: ports.map((_, index) => index + 1).join(','),
    problem: (given) =>
      numbersIn(given, ports.length) === undefined ? `Allowed: numbers from 1 to ${ports.length}.` : undefined,
  });
  return (numbersIn(answer, ports.length) ?? []).map((number) => stableNameOf(ports[number - 1] as SerialPort, ports));
}

/** @returns `undefined`: another text than numbers from 1 to `max` */
function numbersIn(text: string, max: number): readonly number[] | undefined {
  const numbers = text.split(/[,\s]+/).map(Number);
  const isValid = numbers.every((number) => Number.isInteger(number) && number >= 1 && number <= max);
  return isValid ? [...new Set(numbers)] : undefined;
}

async function secretOf(
  { secretFile }: InitOptions,
  { interview, newSecretFile }: Surroundings,
  what: string,
): Promise<{ readonly secretFile: string; readonly secret: string | undefined }> {
  if (secretFile !== undefined) return { secretFile, secret: undefined };
  if (interview === undefined)
    throw new Fault('usage', `No file with the ${what} was named`, {
      hint: 'Write the secret into a file with mode 0600, and name it: holdfast init --secret-file FILE.',
    });
  const text = `The ${what} (not shown; written to ${newSecretFile})`;
  return { secretFile: newSecretFile, secret: await interview.ask({ text, isSecret: true }) };
}

interface LinkPlace {
  readonly path: string;
  readonly index: number;
  readonly isGeneric: boolean;
}

async function linkOf(
  { path, index, isGeneric }: LinkPlace,
  options: InitOptions,
  { ports, interview }: Surroundings,
  asker: Asker,
): Promise<InitLink> {
  const device = ports.find((port) => stableNameOf(port, ports) === path || port.device === path)?.device ?? path;
  const sample = options.listen > 0 && device.startsWith('/') ? await samplePort(device, options.listen) : undefined;
  if (sample !== undefined) interview?.say(`${path}: ${sampleWords(sample)}`);
  const names = DRIVERS.map(({ name }) => name);
  const proposed = sample?.protocol?.driver ?? names[0] ?? '';
  const driver = await asker.key('link.driver', `Driver of ${path} (${names.join(', ')})`, options.driver, proposed);
  const baudRate = options.baudRate ?? (await asker.baudRate(path, sample?.baudRate ?? BAUD_RATE));
  const name = index === 0 ? 'field' : `field-${index + 1}`;
  const whose = `the first subdevice on ${path}`;
  const [given, productId, deviceName] =
    /^([^=]*)(?:=([^/]*)\/(.*))?$/.exec(options.subdevice[index] ?? '')?.slice(1) ?? [];
  const id = await asker.key('subdevice.id', `Id of ${whose}`, given || undefined, `device-${index + 1}`);
  const identity: Omit<InitSubdevice, 'id'> = isGeneric
    ? NOBODY
    : await asker.identity('subdevice', whose, { ...(productId && { productId }), ...(deviceName && { deviceName }) });
  return { name, path, baudRate, driver, subdevice: { id, ...identity } };
}

function sampleWords({ bytes, baudRate, protocol, problem }: PortSample): string {
  if (problem !== undefined) return `it cannot be opened (${problem}).`;
  if (bytes === 0) return 'nothing was received. A device that only answers is silent here.';
  const what = protocol === undefined ? 'of no known protocol' : `that look like ${protocol.words}`;
  return `${countOf(bytes, 'byte')} at ${baudRate} bits per second ${what}.`;
}
