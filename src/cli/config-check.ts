/** `holdfast config check`: everything that is wrong with the file, at once. Exits 78 if something is. */
import { EXIT } from '../base/fault.ts';
import { parseConfig } from '../config/parse.ts';
import type { Config, Problem } from '../config/schema.ts';
import { countOf } from '../ops/words.ts';
import { type CommandContext, printJson, readConfigText } from './context.ts';
import { hang, type Terminal } from './terminal.ts';

/** @throws Fault `config-unreadable` */
export async function checkConfig(context: CommandContext, file: string): Promise<number> {
  const parsed = parseConfig(await readConfigText(file));
  if (context.asJson) printJson(context, parsed.ok ? { ok: true, problems: [] } : parsed);
  else {
    const lines = parsed.ok ? goodLines(file, parsed.config) : problemLines(file, parsed.problems, context.terminal);
    for (const line of lines) context.terminal.print(line);
  }
  return parsed.ok ? EXIT.ok : EXIT.config;
}

function goodLines(file: string, config: Config): string[] {
  const { gateway, hub, links, subdevices } = config;
  const whom = gateway.acceptUnknownSubdevices ? ' and whoever else asks' : '';
  return [
    `${file} is good.`,
    `Gateway ${gateway.name}, hub ${hub.host}:${hub.port} (${hub.profile}), ${countOf(links.length, 'link')}, ${countOf(subdevices.length, 'subdevice')}${whom}.`,
  ];
}

function problemLines(file: string, problems: readonly Problem[], terminal: Terminal): string[] {
  const title = `${file} has ${countOf(problems.length, 'problem')}:`;
  return [
    terminal.tone('bad', title),
    ...problems.flatMap(({ path, what, hint }) => [
      '',
      ...hang('  ', `${path} ${what}.`, terminal.width),
      ...hang('    -> ', hint, terminal.width),
    ]),
  ];
}
