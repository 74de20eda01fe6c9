/** `holdfast config check`: lists all problems of a configuration file. Exits with 78 if there are any. */

import { isAbsolute } from 'node:path';
import { EXIT, exitCodeOf, Fault } from '../base/fault.ts';
import { hostAndPort } from '../base/host-and-port.ts';
import { DEFAULT_CONFIG_PATH } from '../config/default-places.ts';
import { type ProfileText, profilesIn } from '../config/device-profiles/attached-profiles.ts';
import type { Problem } from '../config/kinds/problem.ts';
import { parseConfig } from '../config/parse.ts';
import type { Config, ParsedConfig } from '../config/schema.ts';
import { warningsOf } from '../config/warnings.ts';
import { type PlaceProblem, placeProblems } from '../io/places.ts';
import { programProblem } from '../io/program-file.ts';
import { readSecretFile } from '../io/secret-file.ts';
import { isDeniedTo, serviceUserOf } from '../io/service-user.ts';
import { readWebToken } from '../io/web-token.ts';
import { countOf } from '../ops/words.ts';
import { type CommandContext, printJson, readConfigText } from './context.ts';
import { sharedPorts } from './show-ports.ts';
import { hang, hangOnScreen, hintLines, type Terminal } from './terminal.ts';
import { checkFirmwareTls, checkLinkTls, checkTls, FIRMWARE_CA, type TlsFindings } from './tls-check.ts';

const NOTHING: TlsFindings = { problems: [], lines: [] };

/** Result of the examination of a file, with everything that depends on this machine. */
interface Examination {
  readonly parsed: ParsedConfig;
  readonly problems: readonly Problem[];
  readonly tls: TlsFindings;
  /** Directories that this user cannot use. */
  readonly places: readonly PlaceProblem[];
  /** Problems apart from those of directories. */
  readonly others: readonly Problem[];
  /** Warnings about device profiles of this machine that replace shipped ones. */
  readonly replaced: readonly Problem[];
}

function examine(file: string): Examination {
  const text = readConfigText(file);
  const parsed = parseConfig(text);
  const profiles = Object.entries(profilesIn(text).profiles);
  const tls = parsed.ok ? checkTls(parsed.config.hub.tls, Date.now()) : NOTHING;
  const places = parsed.ok ? placeProblems(parsed.config.gateway) : [];
  const own = parsed.ok
    ? [
        ...tls.problems,
        ...checkLinkTls(parsed.config.links),
        ...checkFirmwareTls(parsed.config.firmware),
        ...secretProblems(parsed.config, tls.problems),
        ...commandProblems(parsed.config),
      ]
    : parsed.problems;
  const others = parsed.ok
    ? [
        ...own,
        ...serviceProblems(
          file,
          parsed.config,
          own,
          profiles.map(([, profile]) => [PROFILE_DIR, profile.file]),
        ),
      ]
    : own;
  const lasting = places.filter(({ isOfMoment }) => !isOfMoment).map(problemOf);
  return {
    parsed,
    tls,
    places,
    others,
    problems: [...lasting, ...others],
    replaced: profiles.flatMap(replacedWarnings),
  };
}

/** Prints all problems of a file, as `config check` does. @returns whether there are none */
export function printProblems(context: CommandContext, file: string): boolean {
  const { problems } = examine(file);
  if (problems.length === 0) return true;
  if (context.asJson) printJson(context, 'config-check', { ok: false, problems, warnings: [] });
  else for (const line of problemLines(file, problems, context.terminal)) context.terminal.print(line);
  return false;
}

/** @throws Fault `config-unreadable` */
export async function checkConfig(context: CommandContext, file: string): Promise<number> {
  const { parsed, problems, tls, places, others, replaced } = examine(file);
  const isGood = parsed.ok && problems.length === 0;
  // These problems are only warnings, because the service may run as another user than this command.
  const forThisUser = places.filter(({ isOfMoment }) => isOfMoment).map(problemOf);
  const warnings = parsed.ok
    ? [...warningsOf(parsed.config), ...replaced, ...forThisUser, ...(await sharedWarnings(parsed.config))]
    : [];
  if (context.asJson) printJson(context, 'config-check', { ok: isGood, problems, warnings });
  else {
    const lines = isGood
      ? [...goodLines(file, parsed.config), ...tls.lines].flatMap((line) => hangOnScreen('', line, context.terminal))
      : problemLines(file, problems, context.terminal);
    for (const line of [...lines, ...warnings.flatMap((warning) => linesOf(warning, context.terminal))])
      context.terminal.print(line);
  }
  if (isGood) return EXIT.ok;
  // The exit code is that of the gateway: a disk that is not mounted yet has another exit code than an invalid
  // configuration.
  const first = places.find(({ isOfMoment }) => !isOfMoment);
  return others.length === 0 && first !== undefined ? exitCodeOf(first.code) : EXIT.config;
}

const PROFILE_DIR = 'gateway.profile_dir';

function replacedWarnings([id, { file, replaces }]: readonly [string, ProfileText]): Problem[] {
  if (replaces === undefined) return [];
  const what = `has ${file}, which is used instead of the shipped profile ${id}`;
  return [{ path: PROFILE_DIR, what, hint: `The shipped one is ${replaces}. To use it, move the other file away.` }];
}

function problemOf({ path, what, hint }: PlaceProblem): Problem {
  return { path, what, hint };
}

/** A key that names a file, and the file. */
type NamedFile = readonly [path: string, file: string | undefined];

function secretFilesOf({ hub, subdevices, web }: Config): readonly NamedFile[] {
  const { credentials } = hub;
  return [
    ['hub.password_file', credentials.kind === 'password' ? credentials.passwordFile : undefined],
    ['hub.device_secret_file', credentials.kind === 'device' ? credentials.deviceSecretFile : undefined],
    ['hub.proxy_password_file', hub.proxy?.login?.passwordFile],
    [WEB_TOKEN, web?.tokenFile],
    ...subdevices.map(
      ({ deviceSecretFile }, index) => [`subdevice[${index}].device_secret_file`, deviceSecretFile] as const,
    ),
  ];
}

function tlsFilesOf({ hub: { tls }, links, firmware }: Config): readonly NamedFile[] {
  const others: readonly NamedFile[] = [
    ...links.map(({ tlsCaFile }, index): NamedFile => [`link[${index}].tls_ca_file`, tlsCaFile]),
    [FIRMWARE_CA, firmware?.caFile],
  ];
  if (tls.kind !== 'on') return others;
  return [
    ...others,
    ['hub.tls_ca_file', tls.caFile],
    ['hub.tls_certificate_file', tls.client?.certificateFile],
    ['hub.tls_key_file', tls.client?.keyFile],
  ];
}

/**
 * Files that root may read and the user of the service may not. The configuration itself counts at its usual place only,
 * because root may check a draft anywhere.
 */
function serviceProblems(
  file: string,
  config: Config,
  known: readonly Problem[],
  profiles: readonly NamedFile[],
): Problem[] {
  const user = serviceUserOf(config.gateway.stateDir);
  if (user === undefined) return [];
  const secrets = secretFilesOf(config);
  const itself: NamedFile = ['(file)', file === DEFAULT_CONFIG_PATH ? file : undefined];
  return [itself, ...secrets, ...tlsFilesOf(config), ...profiles].flatMap(([path, name]) => {
    if (name === undefined || !isAbsolute(name) || name.startsWith(CREDENTIALS)) return [];
    if (known.some((problem) => problem.path === path) || !isDeniedTo(user, name)) return [];
    const isSecret = secrets.some((secret) => secret[1] === name) || path === 'hub.tls_key_file';
    const change = isSecret ? `sudo chown ${user.name.replace(/^number /, '')} ${name}` : `sudo chmod a+r ${name}`;
    return [
      {
        path,
        what: `cannot be used by the service: ${name} may not be read by user ${user.name}`,
        hint: `Run: ${change}. Each folder of the path must let that user in.`,
      },
    ];
  });
}

/**
 * Secret files that are missing, readable by others, empty or too large. Relative names are resolved by systemd at the
 * start.
 */
function secretProblems(config: Config, known: readonly Problem[]): Problem[] {
  return secretFilesOf(config).flatMap(([path, file]) => {
    if (file === undefined || !isAbsolute(file) || known.some((problem) => problem.path === path)) return [];
    if (file.startsWith(CREDENTIALS)) return [];
    try {
      if (path === WEB_TOKEN) readWebToken(file);
      else readSecretFile(file);
      return [];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return [{ path, what: `cannot be used: ${error.message}`, hint: `${sentence(error.hint)}.` }];
    }
  });
}

/** The program that prints the password: missing, not executable, or writable by others. It does not run. */
function commandProblems({ hub: { credentials }, gateway }: Config): Problem[] {
  if (credentials.kind !== 'password' || credentials.passwordCommand === undefined) return [];
  const [path] = credentials.passwordCommand;
  const problem = programProblem(path, serviceUserOf(gateway.stateDir)?.uid);
  if (problem === undefined) return [];
  return [{ path: 'hub.password_command', what: `cannot be used: ${path} ${problem.what}`, hint: problem.hint }];
}

const WEB_TOKEN = 'web.token_file';
/** Folder of systemd credentials. The folder exists only while the service runs. */
const CREDENTIALS = '/run/credentials/';

function sentence(words: string): string {
  if (words.startsWith('chmod ')) return `Run: ${words}`;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** Warnings that depend on the machine: links that share a port. */
async function sharedWarnings({ links }: Config): Promise<Problem[]> {
  const shared = await sharedPorts(links);
  return shared.map(([device, names]) => ({
    path: `link[${links.findIndex(({ name }) => name === names.at(-1))}].path`,
    what: `leads to ${device}, and so does the path of link ${names.slice(0, -1).join(', ')}: only one link can use it`,
    hint: 'holdfast ports shows the ports and their links.',
  }));
}

function goodLines(file: string, config: Config): string[] {
  const { gateway, hub, links, subdevices } = config;
  const whom = gateway.acceptUnknownSubdevices ? ', unknown subdevices accepted' : '';
  return [
    `${file} is valid.`,
    `Gateway ${gateway.name}, hub ${hostAndPort(hub)} (${hub.profile}), ${countOf(links.length, 'link')}, ${countOf(subdevices.length, 'subdevice')}${whom}.`,
  ];
}

export function problemLines(file: string, problems: readonly Problem[], terminal: Terminal): string[] {
  const title = `${file} has ${countOf(problems.length, 'problem')}:`;
  const titleLines = hangOnScreen('', title, terminal).map((line) => terminal.tone('bad', line));
  return [...titleLines, ...problems.flatMap((problem) => linesOf(problem, terminal))];
}

function linesOf({ path, what, hint }: Problem, terminal: Terminal): string[] {
  return ['', ...hang('  ', `${path} ${what}.`, terminal.width), ...hintLines('    ', hint, terminal)];
}
