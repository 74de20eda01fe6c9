/**
 * Secrets are read from files, never from the configuration or the command line. A file that other users can read is
 * rejected. Source: systemd.exec(5) on LoadCredential.
 */
import type { Stats } from 'node:fs';
import { isAbsolute, join, normalize } from 'node:path';
import { Fault } from '../base/fault.ts';
import { readRegularFile, UnreadableFile } from './regular-file.ts';

/** Largest size of a secret: room for a key or a token, and for the largest usual PEM chain. */
const SECRET_BYTES_MAX = 64 * 1024;
/** Mode bits of a file that the group or others can read, write or execute. */
const OTHERS_MODE = 0o077;

/**
 * Reads a secret without its trailing line end. A relative path is under `$CREDENTIALS_DIRECTORY`, where systemd puts
 * the credentials of the unit. The kernel protects that directory, so file modes are not checked there. @throws Fault
 * `secret-unreadable`, never with a byte of the secret
 */
export function readSecretFile(path: string, env: NodeJS.ProcessEnv = process.env): string {
  const credentials = env.CREDENTIALS_DIRECTORY;
  if (!isAbsolute(path) && credentials === undefined) {
    throw new Fault('secret-unreadable', `secret ${path}: a relative path needs $CREDENTIALS_DIRECTORY`, {
      hint: 'give an absolute path, or add LoadCredential= to the unit',
    });
  }
  const file = isAbsolute(path) ? normalize(path) : join(credentials ?? '', path);
  const isCredential = credentials !== undefined && file.startsWith(`${credentials}/`);
  const text = readPrivate(file, isCredential).replace(/\r?\n$/, '');
  if (text === '')
    throw new Fault('secret-unreadable', `secret ${file} is empty`, { hint: 'write the secret into it' });
  return text;
}

/** Returns the bytes of a secret in base64. @throws Fault `secret-unreadable` */
export function readBase64SecretFile(path: string): Uint8Array {
  const text = readSecretFile(path);
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return Buffer.from(text, 'base64');
  throw new Fault('secret-unreadable', `secret ${path} is not base64`, {
    hint: 'copy it again from the hub’s console',
  });
}

/**
 * Secret that may be renewed while the gateway runs. The file is read for each use; the last valid secret stays in use.
 */
export class RenewedSecret<Secret> {
  readonly #read: () => Secret;
  readonly #noted: (problem: string | undefined) => void;
  #secret: Secret;
  #problem: string | undefined;

  /**
   * @param noted called when the problem with the file has changed; `undefined`: no problem
   * @throws Fault `secret-unreadable`, only in the constructor
   */
  constructor(read: () => Secret, noted: (problem: string | undefined) => void) {
    this.#read = read;
    this.#noted = noted;
    this.#secret = read();
  }

  current(): Secret {
    let problem: string | undefined;
    try {
      this.#secret = this.#read();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      problem = `${error.message}: ${error.hint}`;
    }
    if (problem !== this.#problem) this.#noted(problem);
    this.#problem = problem;
    return this.#secret;
  }
}

/** Checks and reads the same open file, so that the file cannot be exchanged in between. */
function readPrivate(file: string, isCredential: boolean): string {
  const refuseShared = ({ mode }: Stats): void => {
    if (isCredential || (mode & OTHERS_MODE) === 0) return;
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    throw new Fault('secret-unreadable', `secret ${file} has mode ${octal}: others may read or change it`, {
      hint: `chmod 0600 ${file}`,
    });
  };
  try {
    return readRegularFile(file, SECRET_BYTES_MAX, refuseShared).toString('utf8');
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    const hint =
      cause.code === undefined
        ? 'name the file that holds the secret'
        : 'create it with mode 0600, owned by the user that runs the gateway';
    throw new Fault('secret-unreadable', `secret ${file} ${cause.message}`, { hint, cause });
  }
}
