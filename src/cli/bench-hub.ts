/** `holdfast bench-hub`: the emulation of the hub, on real TCP and real time, until Ctrl-C. */
import type { HubRules } from '../bench/hub/rules.ts';
import type { CommandContext } from './context.ts';

export interface BenchHubOptions {
  readonly port: number;
  readonly host: string;
  readonly applicationPort: number;
  readonly profile: HubRules['profile'];
}

export async function startBench({ terminal }: CommandContext, options: BenchHubOptions): Promise<number> {
  const { systemClock } = await import('../io/clock.ts');
  const { runBenchHub } = await import('../bench/hub/command.ts');
  return await runBenchHub({ ...options, clock: systemClock(), print: (line) => terminal.print(line) });
}
