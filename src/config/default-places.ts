/**
 * Where things are on a machine where nobody says otherwise, and the few lines of the file that say otherwise.
 *
 * The command line finds the gateway by these. It reads them without checking the rest: `holdfast status` has to work
 * while somebody has broken the file that the running gateway read in better days.
 */
import { parse } from 'smol-toml';

export const DEFAULT_CONFIG_PATH = '/etc/holdfast/holdfast.toml';
export const DEFAULT_STATE_DIR = '/var/lib/holdfast';
export const DEFAULT_CONTROL_SOCKET = '/run/holdfast/control.sock';

/** A larger file is not ours: 500 subdevices take 60 KB. */
export const CONFIG_BYTES_MAX = 4_194_304;

export interface DefaultPlaces {
  /** `undefined`: cannot be told, since the file is broken before it says so. */
  readonly stateDir: string | undefined;
  readonly controlSocket: string;
  /** What is wrong with the file; `undefined`: it is TOML. */
  readonly problem: string | undefined;
}

/** Places of a machine without a configuration file. */
export const USUAL_PLACES = {
  ...{ stateDir: DEFAULT_STATE_DIR, controlSocket: DEFAULT_CONTROL_SOCKET, problem: undefined },
} satisfies DefaultPlaces;

/** @param text of the configuration file, right or wrong */
export function placesIn(text: string): DefaultPlaces {
  try {
    const { gateway } = parse(text);
    // of a file that was emptied or overwritten nothing is believed
    if (typeof gateway !== 'object') return { ...USUAL_PLACES, stateDir: undefined, problem: emptyWords(text) };
    const table: Readonly<Record<string, unknown>> = { ...gateway };
    return {
      stateDir: textOf(table.state_dir) ?? DEFAULT_STATE_DIR,
      controlSocket: textOf(table.control_socket) ?? DEFAULT_CONTROL_SOCKET,
      problem: undefined,
    };
  } catch (error) {
    const what = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return {
      stateDir: lineOf(text, 'state_dir'),
      controlSocket: lineOf(text, 'control_socket') ?? DEFAULT_CONTROL_SOCKET,
      problem: `it is not TOML (${what})`,
    };
  }
}

function emptyWords(text: string): string {
  return text.trim() === '' ? 'it is empty' : 'it has no section [gateway]';
}

/** Value of a key whose line is whole, in a file that is not. */
function lineOf(text: string, key: string): string | undefined {
  return new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*(["'])([^"'\\\\\\n]+)\\1[ \\t]*(#.*)?$`, 'm').exec(text)?.[2];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
