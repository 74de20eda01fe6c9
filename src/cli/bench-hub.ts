/** `holdfast bench-hub`: the emulation of the hub, on real TCP and real time, until Ctrl-C. */
import type { HubRules } from '../bench/hub/rules.ts';
import type { CommandContext } from './context.ts';

export interface BenchHubOptions {
  readonly port: number;
  readonly host: string;
  readonly applicationPort: number;
  readonly profile: HubRules['profile'];
  readonly tlsPort?: number;
  readonly tlsFolder: string;
  readonly tlsClient?: string;
}

export async function startBench({ terminal }: CommandContext, options: BenchHubOptions): Promise<number> {
  const { systemClock } = await import('../io/clock.ts');
  const { runBenchHub } = await import('../bench/hub/command.ts');
  const { tlsPort, tlsFolder, tlsClient, ...rest } = options;
  return await runBenchHub({
    ...rest,
    ...(tlsPort === undefined ? {} : { tls: { port: tlsPort, folder: tlsFolder, client: tlsClient } }),
    clock: systemClock(),
    print: (line) => terminal.print(line),
  });
}
