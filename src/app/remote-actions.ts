/** Commands that the hub may send to the gateway itself, by name, on the commands and answers for operators. */
import type { RemoteActions, RunRemoteCommand } from '../flow/remote-commands.ts';
import type { Journal } from '../io/journal.ts';
import { readRunRequests, storeRunRequests } from '../io/run-requests.ts';
import { type AdminCommands, refusal } from '../ops/api/administration.ts';
import { fittedJson } from '../ops/remote/fitted-json.ts';
import { type LinkTestResult, probeOf, type RemoteProbe } from '../ops/remote/remote-answer.ts';
import { telemetryJson } from '../ops/remote/telemetry-report.ts';
import type { LedgerReport } from '../ops/reports/ledger-report.ts';
import type { StatusReport } from '../ops/reports/report.ts';
import type { Gateway } from './gateway.ts';
import { runInMailbox } from './in-mailbox.ts';

export interface RemoteParts {
  readonly status: () => StatusReport;
  readonly ledger: () => Promise<LedgerReport>;
  /** Commands of the administrative socket. */
  readonly commands: AdminCommands;
  /** Ends the process, so that it starts again. `undefined`: no service manager would start it again. */
  readonly restart: ((reason: string) => void) | undefined;
  readonly journal: Pick<Journal, 'warn'>;
  readonly settled: RemoteActions['settled'];
}

type Args = Parameters<RunRemoteCommand>[0];

/** User of the events of these commands. */
const HUB_USER = 'hub';
/** Probes in one `link-test`. */
const PROBES_MAX = 10;
const DECODER = new TextDecoder();

/** Begins to run remote commands, if any is allowed. Called before the gateway starts. */
export function serveRemoteCommands(gateway: Gateway, parts: RemoteParts): void {
  const { commands: remote } = gateway.remote;
  if (remote === undefined) return;
  const { stateDir } = gateway.parts.config.gateway;
  const { run, problem } = readRunRequests(stateDir);
  if (problem !== undefined)
    parts.journal.warn(`the file of remote requests is ignored (${problem}): an old request may run once more`);
  remote.requests.restore(run);
  remote.attach(actionsOf(gateway, parts, (ids) => storeRunRequests(stateDir, ids)));
}

function actionsOf(gateway: Gateway, parts: RemoteParts, store: RemoteActions['store']): RemoteActions {
  const admin = async (name: string, body: object): Promise<unknown> => {
    const command = parts.commands[name];
    if (command === undefined) throw new Error(`the command ${name} does not exist`);
    return await command({ ...body }, HUB_USER);
  };
  return {
    store,
    settled: parts.settled,
    commands: {
      status: async (_, bytesMax) => {
        const wallMs = gateway.stations.wallClock.wallMs();
        return { json: DECODER.decode(telemetryJson(parts.status(), bytesMax, wallMs)) };
      },
      ledger: async (_, bytesMax) => ({ json: ledgerJson(await parts.ledger(), bytesMax) }),
      'link-test': async (args) => ({ json: await testLink(gateway, args) }),
      record: async ({ of }) => ({
        json: JSON.stringify(await admin('recorder.freeze', of === undefined ? {} : { of })),
      }),
      restart: async () => {
        const { restart } = parts;
        if (restart === undefined)
          throw refusal(
            'No service manager would start the gateway again',
            'Run holdfast as a systemd service (systemd/README.md).',
          );
        const afterAnswer = (): void => restart('the hub requested a restart');
        return { json: '{"restarting":true}', afterAnswer };
      },
      'config-confirm': async () => ({ json: JSON.stringify(await admin('config.confirm', {})) }),
    },
  };
}

/** The ledger in the size of an answer: the totals, then subdevices while they fit. */
function ledgerJson({ balances, totals, lanes, unknown }: LedgerReport, bytesMax: number): string {
  return DECODER.decode(fittedJson({ balances, totals, unknown: unknown.length }, { lanes }, bytesMax));
}

/** Sends probes one after the other. The number of probes and the time limit of each bound the duration. */
async function testLink(gateway: Gateway, { link, subdevice, count = 1 }: Args): Promise<string> {
  const isCount = typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= PROBES_MAX;
  if (typeof link !== 'string' || typeof subdevice !== 'string' || !isCount)
    throw refusal(
      'The "args" of link-test are not valid',
      `Write {"link": "meters", "subdevice": "meter-1", "count": 3}; count: 1 to ${PROBES_MAX}.`,
    );
  const probes: RemoteProbe[] = [];
  for (let left = count; left > 0; left -= 1)
    probes.push(probeOf(await runInMailbox(gateway, () => gateway.links.probe(link, subdevice))));
  const result: LinkTestResult = { probes };
  return JSON.stringify(result);
}
