/**
 * Default paths of the configuration, the state and the control socket, and the keys of the file that change them.
 *
 * The command line finds the gateway by these paths. The rest of the file is not checked: `holdfast status` must work
 * even if the file was broken after the start of the gateway.
 */
import { parse } from 'smol-toml';

export const DEFAULT_CONFIG_PATH = '/etc/holdfast/holdfast.toml';
export const DEFAULT_STATE_DIR = '/var/lib/holdfast';
/** Folder for device profiles of the machine. */
export const DEFAULT_PROFILE_DIR = '/etc/holdfast/profiles';
export const DEFAULT_CONTROL_SOCKET = '/run/holdfast/control.sock';

/**
 * Largest size of a configuration file. A larger file is not a configuration of holdfast: 500 subdevices take 60 KB.
 */
export const CONFIG_BYTES_MAX = 4_194_304;

export interface DefaultPlaces {
  /** State directory. `undefined`: unknown, because the file is broken and has no legible line with the key. */
  readonly stateDir: string | undefined;
  readonly controlSocket: string;
  /** Reason why the file is unusable; `undefined`: the file is TOML with a section [gateway]. */
  readonly problem: string | undefined;
}

/** Places on a machine without a configuration file. */
export const USUAL_PLACES = {
  stateDir: DEFAULT_STATE_DIR,
  controlSocket: DEFAULT_CONTROL_SOCKET,
  problem: undefined,
} satisfies DefaultPlaces;

/** @param text text of the configuration file, valid or not */
export function placesIn(text: string): DefaultPlaces {
  try {
    const { gateway } = parse(text);
    // The file was emptied or overwritten: none of its keys is used.
    if (typeof gateway !== 'object') return { ...USUAL_PLACES, stateDir: undefined, problem: missingGateway(text) };
    const table: Readonly<Record<string, unknown>> = { ...gateway };
    return {
      stateDir: textOf(table.state_dir) ?? DEFAULT_STATE_DIR,
      controlSocket: textOf(table.control_socket) ?? DEFAULT_CONTROL_SOCKET,
      problem: undefined,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return {
      stateDir: lineOf(text, 'state_dir'),
      controlSocket: lineOf(text, 'control_socket') ?? DEFAULT_CONTROL_SOCKET,
      problem: `it is not TOML (${reason})`,
    };
  }
}

function missingGateway(text: string): string {
  return text.trim() === '' ? 'it is empty' : 'it has no section [gateway]';
}

/** Value of a key in a broken file, if the line of the key is intact. */
function lineOf(text: string, key: string): string | undefined {
  return new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*(["'])([^"'\\\\\\n]+)\\1[ \\t]*(#.*)?$`, 'm').exec(text)?.[2];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
