/** Commands in hints, with the general options that address the same gateway. */
import { resolve } from 'node:path';
import { DEFAULT_CONFIG_PATH } from '../config/default-places.ts';
import type { CommandContext } from './context.ts';

/** @param words command without its program: `apply --confirm 5m`. @returns `holdfast --config gw.toml config …` */
export function configCommand(context: CommandContext, words: string): string {
  return ['holdfast', ...optionsOf(context), 'config', words].join(' ');
}

type Address = Pick<CommandContext, 'configPath' | 'socketPath'>;

function optionsOf({ configPath, socketPath }: Address): string[] {
  return [
    ...(configPath === DEFAULT_CONFIG_PATH ? [] : ['--config', quoted(configPath)]),
    ...(socketPath === undefined ? [] : ['--socket', quoted(socketPath)]),
  ];
}

/**
 * Returns a function that adds the options to each `holdfast COMMAND` of a text. The gateway, which has written most of
 * these texts, does not know how a reader addresses it. `config check FILE` names the file already.
 * @param commands names of the commands
 */
export function addressing(address: Address, commands: readonly string[]): ((text: string) => string) | undefined {
  const options = optionsOf(address).join(' ');
  if (options === '') return undefined;
  const files = [address.configPath, resolve(address.configPath)].map((path) => RegExp.escape(path));
  const named = `(?!config check (?:${files.join('|')})(?!\\S*\\w))`;
  const command = new RegExp(`\\bholdfast ${named}(?=(?:${commands.join('|')})(?![\\w-]))`, 'g');
  return (text) => (text.includes('--config') ? text : text.replaceAll(command, () => `holdfast ${options} `));
}

/** The same with `sudo`, for commands of the administrative socket. */
export function sudoConfigCommand(context: CommandContext, words: string): string {
  return `sudo ${configCommand(context, words)}`;
}

function quoted(path: string): string {
  return /^[\w./:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
