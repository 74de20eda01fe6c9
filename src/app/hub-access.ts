/**
 * Access to the hub: makes the function that opens connections and the credentials of CONNECT, from the hub section of
 * the configuration and the files that the section names. Secrets and TLS files are read again for each connection, and
 * the program that prints a password runs again.
 */
import type { HubConfig } from '../config/hub/hub-config.ts';
import type { PasswordSupply } from '../flow/password-renewal.ts';
import { type Credentials, nameDevice, signCredentials } from '../hub/client/credentials.ts';
import { PasswordCommand, type PasswordCommandOptions } from '../io/password-command.ts';
import { RenewedSecret, readSecretFile } from '../io/secret-file.ts';
import type { OpenChannel } from '../ports.ts';
import { type FilesTrouble, type HubOpener, type OpenerOptions, openerFor, type Renewed } from './hub-opener.ts';
import { type HubPassword, openAfter, PrintedPassword, StoredPassword } from './hub-password.ts';

export interface HubAccess extends HubOpener {
  /** Obtains the password, if a program prints it, and then opens a connection. */
  readonly openWithPassword: OpenChannel;
  /** Passwords that may be renewed while the hub is connected. `undefined`: the credentials have none. */
  readonly passwords: PasswordSupply | undefined;
  /** Ends the program that prints the password, if it runs now. */
  readonly end: () => void;
  /** @param wallMs Unix ms, if known */
  readonly credentials: (wallMs: number | undefined) => Credentials;
  readonly secretTrouble: () => FilesTrouble | undefined;
}

export interface HubAccessOptions extends OpenerOptions {
  /** User that runs the program of password_command, if this process is root. Used by the doctor only. */
  readonly runAs?: PasswordCommandOptions['runAs'];
}

/** Loads the code of TLS, of a proxy and of WebSocket only if it is configured. Rejects with a Fault `secret-unreadable`. */
export async function accessHub(options: HubAccessOptions): Promise<HubAccess> {
  const { clock, facts } = options;
  /** Secrets whose file is invalid, by their readers. */
  const troubles = new Map<() => unknown, FilesTrouble>();
  const renewed = <Secret>(read: () => Secret): RenewedSecret<Secret> =>
    new RenewedSecret(read, (problem) => {
      if (problem === undefined) troubles.delete(read);
      else troubles.set(read, { problem, sinceMs: clock.nowMs() });
      facts.emit('secretFileJudged', { problem });
    });
  const password = passwordOf(options, renewed);
  const opener = await openerFor(options, renewed);
  return {
    ...opener,
    openWithPassword: password === undefined ? opener.open : openAfter(() => password.obtain(), opener.open),
    passwords: password,
    end: () => password?.end(),
    credentials: credentialsOf(options.hub, password, renewed),
    secretTrouble: () => troubles.values().next().value,
  };
}

/** @throws Fault `password-command` or `secret-unreadable` */
function passwordOf(
  { hub: { credentials }, clock, runAs }: HubAccessOptions,
  renewed: Renewed,
): HubPassword | undefined {
  if (credentials.kind !== 'password') return undefined;
  const { passwordFile, passwordCommand } = credentials;
  if (passwordCommand !== undefined) return new PrintedPassword(new PasswordCommand(passwordCommand, { runAs }), clock);
  if (passwordFile === undefined) return undefined;
  return new StoredPassword(
    renewed(() => new TextEncoder().encode(readSecretFile(passwordFile))),
    clock,
  );
}

function credentialsOf(
  hub: HubConfig,
  source: HubPassword | undefined,
  renewed: Renewed,
): (wallMs: number | undefined) => Credentials {
  const { credentials, clientId } = hub;
  switch (credentials.kind) {
    case 'none':
      return () => ({ clientId, username: undefined, password: undefined });
    case 'password': {
      const { username } = credentials;
      return () => ({ clientId, username, password: source?.current() });
    }
    case 'device': {
      const { productId, deviceName, signMethod, deviceSecretFile } = credentials;
      if (deviceSecretFile === undefined) return (wallMs) => nameDevice(credentials, wallMs, Math.random);
      const secret = renewed(() => readSecretFile(deviceSecretFile));
      const signing = { productId, deviceName, method: signMethod };
      return (wallMs) => signCredentials({ ...signing, deviceSecret: secret.current() }, wallMs, Math.random);
    }
  }
}
