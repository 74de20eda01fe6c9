/** Commands of the configuration in hints, with the general options that address the same gateway. */
import { DEFAULT_CONFIG_PATH } from '../config/default-places.ts';
import type { CommandContext } from './context.ts';

/** @param words command without its program: `apply --confirm 5m`. @returns `holdfast --config gw.toml config …` */
export function configCommand({ configPath, socketPath }: CommandContext, words: string): string {
  const options = [
    ...(configPath === DEFAULT_CONFIG_PATH ? [] : ['--config', quoted(configPath)]),
    ...(socketPath === undefined ? [] : ['--socket', quoted(socketPath)]),
  ];
  return ['holdfast', ...options, 'config', words].join(' ');
}

/** The same with `sudo`, for commands of the administrative socket. */
export function sudoConfigCommand(context: CommandContext, words: string): string {
  return `sudo ${configCommand(context, words)}`;
}

function quoted(path: string): string {
  return /^[\w./:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
