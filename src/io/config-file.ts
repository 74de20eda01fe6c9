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

/** A text that is made from files. */
export interface TextOfFiles {
  readonly text: string;
  /** Paths on which the text depends, also those of missing files. */
  readonly files: readonly string[];
}

interface Reading extends Pick<TextOfFiles, 'files'> {
  readonly version: string;
  readonly mark: string | undefined;
}

/** Digest of a text that is made from files, which are read again only if one of them, or the rest of the text, has changed. */
export class FileMark {
  readonly #path: string;
  #last: Reading | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * @param rest digest of what is added to the files
   * @param read returns the text; throws a Fault if the file cannot be read
   * @returns `undefined`: the file cannot be read
   */
  of(rest: string, read: () => TextOfFiles): string | undefined {
    if (versionOf(this.#path) === undefined) return undefined;
    const last = this.#last;
    if (last === undefined || last.version !== versionsOf(last.files, rest)) this.#last = this.#readNow(rest, read);
    return this.#last?.mark;
  }

  #readNow(rest: string, read: () => TextOfFiles): Reading {
    const unread = { files: [this.#path], version: versionsOf([this.#path], rest), mark: undefined };
    try {
      const { files } = read();
      // the text is read after the version, so a change between the two is noticed with the next call
      const version = versionsOf(files, rest);
      return { files, version, mark: configMarkOf(read().text) };
    } catch (error) {
      if (error instanceof Fault) return unread;
      throw error;
    }
  }
}

function versionsOf(files: readonly string[], rest: string): string {
  return [...files.map((file) => versionOf(file) ?? 'none'), rest].join('; ');
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
