/** `holdfast bench-hub`: runs the bench hub until a signal, and prints its events as text. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostAndPort } from '../../base/host-and-port.ts';
import type { Clock } from '../../ports.ts';
import { Authority } from '../certificates.ts';
import { startApplicationSide } from './application.ts';
import { type HubRules, PROFILES } from './bench-rules.ts';
import { sentenceOf } from './hub-events.ts';
import { startBenchHub } from './server.ts';
import type { TlsServer } from './tls-server.ts';

export interface BenchHubCommand {
  readonly port: number;
  readonly host: string;
  readonly applicationPort: number;
  readonly profile: HubRules['profile'];
  /** TLS port. Its certificates are created at the start and written to `folder`. */
  readonly tls?: { readonly port: number; readonly folder: string; readonly client: string | undefined };
  /** Changes to the profile, e.g. credentials or muted topics. */
  readonly changes?: Partial<HubRules>;
  readonly clock: Clock;
  /** Prints one line, given without a line end. */
  readonly print: (line: string) => void;
}

/** Resolves to the exit code after SIGINT or SIGTERM; rejects if a port is in use. */
export async function runBenchHub(command: BenchHubCommand): Promise<number> {
  const { port, host, clock, print } = command;
  const rules = { ...PROFILES[command.profile], ...command.changes };
  const tls = command.tls === undefined ? {} : { tls: openTls(command.tls, host) };
  const hub = await startBenchHub({ port, host, rules, clock, ...tls });
  const application = await startApplicationSide(hub, command.applicationPort);
  const say = (sentence: string): void => {
    print(`${new Date(clock.wallMs()).toISOString().slice(11, 23)} ${escapeControls(sentence)}`);
  };
  hub.onEvent((event) => say(sentenceOf(event)));
  hub.onArrived(({ clientId, topic, payload, qos, dup }) => {
    say(`${clientId} published ${payload.length} bytes to ${topic}, QoS ${qos}${dup ? ', DUP' : ''}`);
  });
  say(
    `bench hub (${command.profile}) on ${hostAndPort({ host, port: hub.port })}, application side on http://127.0.0.1:${application.port}`,
  );
  if (command.tls !== undefined)
    say(`TLS on ${hostAndPort({ host, port: hub.tlsPort })}, certificates in ${command.tls.folder}`);
  const signal = await signalled();
  say(`${signal}: stopping`);
  await application.stop();
  await hub.stop();
  return 0;
}

/** Writes `ca.pem`, and `client.pem` with `client-key.pem` for one client id. Each start writes new certificates. */
function openTls({ port, folder, client }: NonNullable<BenchHubCommand['tls']>, host: string): TlsServer {
  const authority = new Authority('holdfast bench authority');
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text, { mode: 0o600 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  write('ca.pem', authority.certificate);
  if (client !== undefined) {
    const { certificate, key } = authority.issue({ commonName: client });
    write('client.pem', certificate);
    write('client-key.pem', key);
  }
  const own = authority.issue({ commonName: 'holdfast bench hub', names: [host, 'localhost', '127.0.0.1'] });
  return { port, ...own, authority: authority.certificate };
}

/** Escapes control characters, which must not reach the terminal: names and topics come from clients. */
function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve(signal);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
