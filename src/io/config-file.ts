/** Reads the text of the configuration file for the gateway and for the command line. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { Fault } from '../base/fault.ts';
import { readRegularFile, UnreadableFile } from './regular-file.ts';

/**
 * @param bytesMax largest size; a larger file is rejected
 * @throws Fault `config-unreadable`; its cause has the error code of the operating system
 */
export function readConfigFile(path: string, bytesMax: number): string {
  try {
    return readRegularFile(path, bytesMax).toString('utf8');
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    if (path === '')
      throw new Fault('config-unreadable', 'The name of the configuration file is empty', {
        hint: 'Name the file with --config, or unset HOLDFAST_CONFIG.',
        cause,
      });
    throw new Fault('config-unreadable', `The configuration ${path} ${cause.message}`, {
      hint: hintFor(cause),
      cause,
    });
  }
}

function hintFor({ code }: UnreadableFile): string {
  if (code === 'EACCES' || code === 'EPERM')
    return 'Use sudo, or make the file readable for the user that runs this command.';
  if (code === 'ENOENT')
    return 'Write a first configuration: sudo holdfast init. Or correct the path: --config, or HOLDFAST_CONFIG.';
  return 'Name the configuration file with --config, or by HOLDFAST_CONFIG.';
}

/** Digest of the text of a configuration, to compare the configuration of a running gateway with the file. */
export function configMarkOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Digest of the present text of a file, which is read again only if the file has changed. */
export class FileMark {
  readonly #path: string;
  readonly #bytesMax: number;
  #last: { readonly version: string; readonly mark: string | undefined } | undefined;

  constructor(path: string, bytesMax: number) {
    this.#path = path;
    this.#bytesMax = bytesMax;
  }

  /** @returns `undefined`: the file cannot be read */
  read(): string | undefined {
    const version = versionOf(this.#path);
    if (version === undefined) return undefined;
    if (this.#last?.version !== version) this.#last = { version, mark: this.#markNow() };
    return this.#last.mark;
  }

  #markNow(): string | undefined {
    try {
      return configMarkOf(readConfigFile(this.#path, this.#bytesMax));
    } catch (error) {
      if (error instanceof Fault) return undefined;
      throw error;
    }
  }
}

/** @returns `undefined`: the file is missing, or its folder is closed to this user */
function versionOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return undefined;
  }
}
