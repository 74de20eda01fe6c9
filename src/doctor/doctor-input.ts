/** Everything that the checks examine: the configuration, the answers of the gateway, and the folders of the machine. */
import { Fault } from '../base/fault.ts';
import { type DefaultPlaces, placesIn } from '../config/default-places.ts';
import type { Problem } from '../config/kinds/problem.ts';
import { parseConfig } from '../config/parse.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../io/clock.ts';
import { configMarkOf } from '../io/config-file.ts';
import { ask } from '../ops/api/control-client.ts';
import { findGateway } from '../ops/api/find-gateway.ts';
import type { HubSubscriptionsReport } from '../ops/conditions/hub-packet-words.ts';
import type { ConfigReport } from '../ops/reports/config-report.ts';
import type { StatusReport, SubdevicesReport } from '../ops/reports/report.ts';
import type { Clock } from '../ports.ts';

/** Folders of the kernel and of services. Replaced in tests. */
export interface MachineRoots {
  readonly proc: string;
  readonly sys: string;
  readonly dev: string;
}

export const THIS_MACHINE: MachineRoots = { proc: '/proc', sys: '/sys', dev: '/dev' };

/** Result of reading the configuration file. */
export type ConfigReading =
  | { readonly kind: 'valid'; readonly config: Config; readonly mark: string }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[]; readonly mark: string }
  | { readonly kind: 'unreadable'; readonly fault: Fault };

/** Result of asking the gateway. `foreign`: another program, another version, or no permission. */
export type GatewayReading =
  | {
      readonly kind: 'running';
      readonly status: StatusReport;
      readonly subdevices: SubdevicesReport | undefined;
      readonly hubSubscriptions: HubSubscriptionsReport | undefined;
      /** Running configuration beside the file, as the gateway reads the file. */
      readonly config: ConfigReport | undefined;
    }
  | { readonly kind: 'absent' | 'stalled' | 'foreign'; readonly fault: Fault };

export interface DoctorInput {
  readonly configPath: string;
  readonly reading: ConfigReading;
  readonly places: Pick<DefaultPlaces, 'controlSocket' | 'stateDir'>;
  readonly gateway: GatewayReading;
  /** Version of this program. */
  readonly version: string;
  readonly machine: MachineRoots;
  readonly clock: Clock;
}

export interface DoctorInputOptions {
  readonly configPath: string;
  /** @throws Fault `config-unreadable` */
  readonly readConfig: (path: string) => string;
  /** Value of `--socket`, if given. */
  readonly socketPath: string | undefined;
  readonly version: string;
  readonly machine?: MachineRoots;
  readonly clock?: Clock;
}

/** Reads the configuration and asks the gateway. Takes about a second if the gateway does not answer. */
export async function readDoctorInput(options: DoctorInputOptions): Promise<DoctorInput> {
  const { configPath, socketPath, version, machine = THIS_MACHINE, clock = systemClock() } = options;
  const { reading, places } = readConfiguration(options);
  const configured = socketPath ?? places.controlSocket;
  const { controlSocket, gateway } = await findAndAsk(configured, configPath);
  return {
    configPath,
    reading,
    places: { controlSocket, stateDir: places.stateDir },
    gateway,
    version,
    machine,
    clock,
  };
}

function readConfiguration({ configPath, readConfig }: DoctorInputOptions): {
  readonly reading: ConfigReading;
  readonly places: Pick<DefaultPlaces, 'controlSocket' | 'stateDir'>;
} {
  let text: string;
  try {
    text = readConfig(configPath);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { controlSocket } = placesIn('');
    return { reading: { kind: 'unreadable', fault: error }, places: { controlSocket, stateDir: undefined } };
  }
  const mark = configMarkOf(text);
  const parsed = parseConfig(text);
  const reading: ConfigReading = parsed.ok
    ? { kind: 'valid', config: parsed.config, mark }
    : { kind: 'invalid', problems: parsed.problems, mark };
  return { reading, places: placesIn(text) };
}

/** Asks the gateway on the socket; if there is none, a gateway that was started with this file before it was edited. */
async function findAndAsk(
  configured: string,
  configPath: string,
): Promise<{ readonly controlSocket: string; readonly gateway: GatewayReading }> {
  const gateway = await askGateway(configured);
  const found = gateway.kind === 'absent' ? await findGateway(configPath) : undefined;
  if (found === undefined) return { controlSocket: configured, gateway };
  return { controlSocket: found.controlSocket, gateway: await askGateway(found.controlSocket) };
}

async function askGateway(controlSocket: string): Promise<GatewayReading> {
  try {
    const asked = await ask(controlSocket, '/v1/status');
    if (asked.kind !== 'answered') return asked;
    const [subdevices, subscriptions, config] = await Promise.all([
      ask(controlSocket, '/v1/subdevices'),
      ask(controlSocket, '/v1/hub-subscriptions'),
      ask(controlSocket, '/v1/config'),
    ]);
    return {
      kind: 'running',
      status: asked.report,
      subdevices: subdevices.kind === 'answered' ? subdevices.report : undefined,
      hubSubscriptions: subscriptions.kind === 'answered' ? subscriptions.report : undefined,
      config: config.kind === 'answered' ? config.report : undefined,
    };
  } catch (error) {
    if (error instanceof Fault) return { kind: 'foreign', fault: error };
    throw error;
  }
}

/** Valid configuration, if there is one. */
export function configOf({ reading }: DoctorInput): Config | undefined {
  return reading.kind === 'valid' ? reading.config : undefined;
}

/** Reason for a skipped check that needs the configuration. */
export function noConfig({ reading }: DoctorInput): string {
  return reading.kind === 'unreadable'
    ? 'The configuration cannot be read: see config.file.'
    : 'The configuration is not valid: see config.file.';
}
