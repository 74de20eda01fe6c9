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

export interface Places {
  readonly stateDir: string;
  readonly controlSocket: string;
}

/** @param text of the configuration file, right or wrong; `undefined`: it cannot be read */
export function placesIn(text: string | undefined): Places {
  const gateway = gatewayTable(text);
  return {
    stateDir: textOf(gateway.state_dir) ?? DEFAULT_STATE_DIR,
    controlSocket: textOf(gateway.control_socket) ?? DEFAULT_CONTROL_SOCKET,
  };
}

function gatewayTable(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  try {
    const { gateway } = parse(text);
    return typeof gateway === 'object' ? { ...gateway } : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
