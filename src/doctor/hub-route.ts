/** Check of the way to the hub: the tunnel of the proxy, and the WebSocket of the hub, without a byte of MQTT. */

import { accessHub } from '../app/hub-access.ts';
import { newFacts } from '../base/events.ts';
import { Fault } from '../base/fault.ts';
import { hostAndPort } from '../base/host-and-port.ts';
import { type HubConfig, viaProxy } from '../config/hub/hub-config.ts';
import type { Config } from '../config/schema.ts';
import { serviceUserOf } from '../io/service-user.ts';
import { remedyFor } from '../ops/conditions/hub-remedies.ts';
import { type Check, type CheckFinding, fail, ok, skipped } from './check.ts';
import { configOf, type DoctorInput, noConfig } from './doctor-input.ts';
import { type OpeningProblem, openingProblem } from './opening-trial.ts';

/** Longest time for one connection with all its steps, and for a close. */
const OPEN_MS_MAX = 10_000;
const CLOSE_MS_MAX = 1000;

export const hubRoute: Check = {
  id: 'hub.route',
  about: 'the proxy opens a tunnel to the hub, and the hub accepts MQTT over WebSocket',
  msMax: 2 * (OPEN_MS_MAX + 2 * CLOSE_MS_MAX),
  run: async (input): Promise<readonly CheckFinding[]> => {
    const { id } = hubRoute;
    const config = configOf(input);
    if (config === undefined) return [skipped(id, noConfig(input))];
    const { hub } = config;
    if (hub.proxy === undefined && hub.transport.kind === 'tcp')
      return [skipped(id, 'The gateway connects directly, without a proxy and without WebSocket.')];
    const facts: string[] = [];
    for (const { attempt, fact } of attemptsOf(hub)) {
      const problem = await problemOf(attempt, config, input);
      // a tunnel that the hub closes, because it expects TLS, was open
      const isTunnel = attempt.transport.kind === 'tcp';
      if (problem !== undefined && !(isTunnel && problem.wasOpen))
        return [fail(id, [`${problem.reason}.`, ...facts], remedyFor(problem.reason).hint)];
      facts.push(fact);
    }
    return [ok(id, ...facts)];
  },
};

interface RouteAttempt {
  readonly attempt: HubConfig;
  /** Sentence for success. */
  readonly fact: string;
}

/** Attempts in the order of the steps. TLS alone is examined by `hub.tls`. */
function attemptsOf(hub: HubConfig): readonly RouteAttempt[] {
  const { proxy, transport } = hub;
  const tunnel: RouteAttempt[] =
    proxy === undefined
      ? []
      : [
          {
            attempt: { ...hub, tls: { kind: 'off' }, transport: { kind: 'tcp' } },
            fact: `The proxy ${hostAndPort(proxy)} opens a tunnel to ${hostAndPort(hub)}.`,
          },
        ];
  if (transport.kind === 'tcp') return tunnel;
  const fact = `${hostAndPort(hub)}${viaProxy(hub)} accepts MQTT over WebSocket at ${transport.path}.`;
  return [...tunnel, { attempt: hub, fact }];
}

/** Returns why the connection failed; `undefined`: success. */
async function problemOf(hub: HubConfig, config: Config, { clock }: DoctorInput): Promise<OpeningProblem | undefined> {
  const runAs = serviceUserOf(config.gateway.stateDir);
  const surroundings = { clock, facts: newFacts(), closeMsMax: CLOSE_MS_MAX, runAs };
  try {
    const { open } = await accessHub({ ...surroundings, hub: { ...hub, connectMsMax: OPEN_MS_MAX } });
    return await openingProblem(open);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { reason: error.message, wasOpen: false };
  }
}
