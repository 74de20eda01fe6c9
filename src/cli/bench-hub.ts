/** `holdfast bench-hub`: emulation of the hub on real TCP and in real time, until Ctrl-C. */
import { EXIT, Fault } from '../base/fault.ts';
import type { HubRules } from '../bench/hub/bench-rules.ts';
import type { CommandContext } from './context.ts';
import { hang } from './terminal.ts';

export interface BenchHubOptions {
  readonly port: number;
  readonly host: string;
  readonly applicationPort: number;
  readonly profile: HubRules['profile'];
  readonly tlsPort?: number;
  readonly tlsFolder: string;
  readonly tlsClient?: string;
  /** Rule changes, `name=value` each. */
  readonly set: readonly string[];
  readonly listRules?: boolean;
}

/** @throws Fault `usage` for a rule that does not exist */
export async function startBench({ terminal }: CommandContext, options: BenchHubOptions): Promise<number> {
  const { listRules, readRuleChange } = await import('../bench/hub/rule-changes.ts');
  if (options.listRules === true) {
    for (const { name, value, meaning } of listRules(options.profile)) {
      terminal.print(`${name}=${value}`);
      for (const line of hang('    ', meaning, terminal.width)) terminal.print(line);
    }
    return EXIT.ok;
  }
  let changes: Partial<HubRules> = {};
  for (const setting of options.set) {
    const change = readRuleChange(setting);
    if (change.kind === 'problem') {
      const hint = `holdfast bench-hub --profile ${options.profile} --list-rules shows every rule.`;
      throw new Fault('usage', `--set ${change.problem}`, { hint });
    }
    changes = { ...changes, ...change.rules };
  }
  const { systemClock } = await import('../io/clock.ts');
  const { runBenchHub } = await import('../bench/hub/run-bench-hub.ts');
  const { tlsPort, tlsFolder, tlsClient, ...rest } = options;
  return await runBenchHub({
    ...rest,
    changes,
    ...(tlsPort === undefined ? {} : { tls: { port: tlsPort, folder: tlsFolder, client: tlsClient } }),
    clock: systemClock(),
    print: (line) => terminal.print(line),
  });
}
