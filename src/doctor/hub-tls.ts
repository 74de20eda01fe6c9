/** Checks of TLS step by step (files, handshake, certificates of both sides with their dates), and of secret files. */

import type { X509Certificate } from 'node:crypto';
import { accessHub } from '../app/hub-access.ts';
import { newFacts } from '../base/events.ts';
import { Fault } from '../base/fault.ts';
import { hostAndPort } from '../base/host-and-port.ts';
import type { Config } from '../config/schema.ts';
import { programProblem } from '../io/program-file.ts';
import { isDeniedTo, serviceUserOf } from '../io/service-user.ts';
import { readTlsFiles, type TlsReading } from '../io/tls/tls-files.ts';
import { daysLeft, nameWithEnd } from '../io/tls/tls-words.ts';
import { remedyFor } from '../ops/conditions/hub-remedies.ts';
import { countOf } from '../ops/words.ts';
import { type Check, type CheckFinding, fail, ok, skipped, warn } from './check.ts';
import { configOf, type DoctorInput, noConfig } from './doctor-input.ts';
import { type OpeningProblem, openingProblem } from './opening-trial.ts';

/** Longest time for a connection with its handshake, and for a close. */
const HANDSHAKE_MS_MAX = 10_000;
const CLOSE_MS_MAX = 1000;
/** Days before the end of a certificate from which it is reported. */
const EXPIRY_DAYS_WARN = 30;

export const hubTls: Check = {
  id: 'hub.tls',
  about: 'the TLS files are valid, and the TLS handshake with the hub succeeds',
  msMax: 12_000,
  run: async (input): Promise<readonly CheckFinding[]> => {
    const { id } = hubTls;
    const config = configOf(input);
    if (config === undefined) return [skipped(id, noConfig(input))];
    const { hub } = config;
    if (hub.tls.kind === 'off') return [skipped(id, 'TLS is off: everything on the way to the hub can be read.')];
    const own = hub.tls.kind === 'on' ? readTlsFiles(hub.tls) : undefined;
    const broken = own?.problems.map(({ path, what, hint }) => fail(id, `${path} ${what}.`, hint)) ?? [];
    if (broken.length > 0) return broken;
    const wallMs = input.clock.wallMs();
    const { problem, chain, version } = await shakeHands(config, input);
    const steps = [...fileWords(own), ...chainWords(chain, version)];
    if (problem !== undefined) return [fail(id, [`${problem}.`, ...steps], remedyFor(problem).hint)];
    const ending = [
      ...endingWords('The client certificate', own?.chain ?? [], wallMs),
      ...endingWords('The certificate of the hub', chain.slice(0, 1), wallMs),
      ...endingWords('The certificate of an authority of the hub', chain.slice(1), wallMs),
      ...((own?.authorities ?? []).length === 1
        ? endingWords('The trusted certificate', own?.authorities ?? [], wallMs)
        : []),
    ];
    const success = `The TLS handshake with ${hostAndPort(hub)} succeeds.`;
    if (ending.length === 0) return [ok(id, success, ...steps)];
    return [warn(id, [...ending.map(({ fact }) => fact), success], ending[0]?.remedy ?? '')];
  },
};

function fileWords(own: TlsReading | undefined): string[] {
  if (own === undefined) return [];
  const [client] = own.chain;
  const trusted =
    own.ca === undefined ? 'the authorities of this machine' : countOf(own.authorities.length, 'certificate');
  return [`Trusted: ${trusted}. Client certificate: ${client === undefined ? 'none' : nameWithEnd(client)}.`];
}

function chainWords(chain: readonly X509Certificate[], version: string): string[] {
  return chain.length === 0 ? [] : [`The hub offers ${version}, ${chain.map(nameWithEnd).join(', issued by ')}.`];
}

interface Ending {
  readonly fact: string;
  readonly remedy: string;
}

function endingWords(what: string, chain: readonly X509Certificate[], wallMs: number): Ending[] {
  const isOurs = what.includes('client');
  const remedy = isOurs
    ? 'Renew the client certificate; the gateway uses the new file at its next connection.'
    : 'Ask the operator to renew it at the hub; after its end the gateway cannot connect.';
  return chain.flatMap((one) => {
    const days = daysLeft(one, wallMs);
    return days >= EXPIRY_DAYS_WARN
      ? []
      : [{ fact: `${what}, ${nameWithEnd(one)}, ends in ${countOf(days, 'day')}.`, remedy }];
  });
}

interface Handshake {
  /** Reason why the connection failed; `undefined`: success. */
  readonly problem: string | undefined;
  readonly chain: readonly X509Certificate[];
  readonly version: string;
}

async function shakeHands(config: Config, { clock }: DoctorInput): Promise<Handshake> {
  // without WebSocket, which hub.route examines
  const hub = { ...config.hub, connectMsMax: HANDSHAKE_MS_MAX, transport: { kind: 'tcp' } as const };
  let chain: readonly X509Certificate[] = [];
  let version = 'TLS';
  const onCertificates = (found: readonly X509Certificate[], protocol: string): void => {
    chain = found;
    version = protocol;
  };
  try {
    const runAs = serviceUserOf(config.gateway.stateDir);
    const surroundings = { clock, facts: newFacts(), closeMsMax: CLOSE_MS_MAX };
    const { open } = await accessHub({ ...surroundings, hub, runAs, onCertificates });
    return { problem: handshakeWords(await openingProblem(open)), chain, version };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { problem: error.message, chain, version };
  }
}

const CLOSED = /(closed|reset) the connection$/;
const AFTER_HANDSHAKE = 'right after the TLS handshake: it may have rejected the client certificate, or require one';

function handshakeWords(problem: OpeningProblem | undefined): string | undefined {
  if (problem === undefined) return undefined;
  const { reason, wasOpen } = problem;
  return wasOpen && CLOSED.test(reason) ? `${reason} ${AFTER_HANDSHAKE}` : reason;
}

export const hubSecret: Check = {
  id: 'hub.secret',
  about: 'the files with passwords and secrets can be read, and by their owner only; password_command can run',
  msMax: 2000,
  run: async (input): Promise<readonly CheckFinding[]> => {
    const { id } = hubSecret;
    const config = configOf(input);
    if (config === undefined) return [skipped(id, noConfig(input))];
    const { credentials, proxy } = config.hub;
    const program =
      credentials.kind === 'password' && credentials.passwordCommand !== undefined
        ? [programFinding(id, credentials.passwordCommand[0], config)]
        : [];
    const own =
      credentials.kind === 'password'
        ? credentials.passwordFile
        : credentials.kind === 'device'
          ? credentials.deviceSecretFile
          : undefined;
    const files = [own, proxy?.login?.passwordFile].filter((file) => file !== undefined);
    if (files.length === 0) return program.length > 0 ? program : [skipped(id, 'CONNECT needs no secret file.')];
    try {
      const access = await accessHub({
        hub: config.hub,
        clock: input.clock,
        facts: newFacts(),
        closeMsMax: CLOSE_MS_MAX,
      });
      if (own !== undefined) access.credentials(input.clock.wallMs());
      return [...program, ...files.map((file) => ok(id, `${file} can be read.`))];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return [...program, fail(id, `${error.message}.`, error.hint)];
    }
  },
};

/** Finding about the program that prints the password. The program does not run. */
function programFinding(id: string, path: string, { gateway }: Config): CheckFinding {
  const user = serviceUserOf(gateway.stateDir);
  const problem = programProblem(path, user?.uid);
  if (problem !== undefined) return fail(id, `hub.password_command ${path} ${problem.what}.`, problem.hint);
  if (user === undefined || !isDeniedTo(user, path, 'execute'))
    return ok(id, `hub.password_command ${path} can be run, and only root and the user of the service can change it.`);
  const fact = `hub.password_command ${path} cannot be run by user ${user.name}.`;
  return fail(id, fact, `sudo chmod a+rx ${path}. Each folder of the path must let that user in.`);
}
