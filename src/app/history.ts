/** Attaches the history to a gateway that has not started. */
import type { MachineReading } from '../io/machine-readings.ts';
import { HistoryKeeper } from '../ops/history/history-keeper.ts';
import type { Gateway } from './gateway.ts';
import { viewOf } from './view.ts';

export interface HistoryParts {
  /** Digest of the text of the configuration. */
  readonly configMark: () => string;
  readonly machine: () => MachineReading;
}

export function keepHistory(gateway: Gateway, { configMark, machine }: HistoryParts): HistoryKeeper {
  const { mailbox } = gateway.parts;
  return new HistoryKeeper({
    gateway: viewOf(gateway),
    committer: gateway.stations.committer,
    post: (task) => mailbox.post(task),
    configMark,
    machine,
    writtenBytes: () => gateway.historyBytes,
  });
}
