/**
 * Live change of the configuration: stops the links and the hub connection that change, replaces the configuration
 * between two tasks of the mailbox, and starts what changed. Everything else continues. The store is not touched.
 *
 *     stop what changes ─▶ all closed ─▶ one task: dismiss, replace lookups, forget filters ─▶ start what changed
 *
 * Messages that arrive meanwhile stay in custody: an uplink waits for the hub, and a downlink for its subdevice.
 */
import { type ConfigChange, restartedLinks } from '../config/config-changes.ts';
import type { Config } from '../config/schema.ts';
import type { Gateway } from './gateway.ts';
import { planHub, planLinks } from './machines.ts';
import { allowance } from './plan.ts';
import { leftOrLate } from './stop-grace.ts';

export interface Reconfiguration {
  readonly config: Config;
  /** Changes from the present configuration to this one. None restarts the gateway. */
  readonly changes: readonly ConfigChange[];
  /** Device secrets of subdevices, by id. */
  readonly subdeviceSecrets: ReadonlyMap<string, string>;
  /** Called in the task that replaces the configuration, before anything is started. */
  readonly replaced: () => void;
}

/** Parts of the gateway that a change restarts. */
export interface ChangedParts {
  readonly hub: boolean;
  /** Links that are removed, added, or stopped and started. */
  readonly links: ReadonlySet<string>;
}

type InMailbox = (act: (done: () => void) => void) => Promise<void>;

/** Reason of a closed connection, in the journal. */
const REASON = 'the configuration changes';

export function changedParts(changes: readonly ConfigChange[]): ChangedParts {
  return { hub: changes.some(({ restarts }) => restarts === 'hub'), links: restartedLinks(changes) };
}

/** Resolves when the new configuration is in effect and everything was started; `false`: the gateway stops meanwhile. */
export async function reconfigure(gateway: Gateway, reconfiguration: Reconfiguration): Promise<boolean> {
  const { mailbox } = gateway.parts;
  const { hub, links } = changedParts(reconfiguration.changes);
  const inMailbox: InMailbox = (act) => new Promise((resolve) => mailbox.post(() => act(resolve)));
  await Promise.all([
    ...[...links].map((name) => inMailbox((done) => gateway.links.remove(name, done))),
    ...(hub ? [leaveHub(gateway, inMailbox)] : []),
  ]);
  return await new Promise((resolve) =>
    mailbox.post(() => {
      if (!gateway.isStopping) replaceConfig(gateway, reconfiguration);
      resolve(!gateway.isStopping);
    }),
  );
}

async function leaveHub(gateway: Gateway, inMailbox: InMailbox): Promise<void> {
  const hasLeft = await leftOrLate(gateway);
  await inMailbox((done) => gateway.hub.stop(REASON, hasLeft, done));
}

function replaceConfig(gateway: Gateway, { config, changes, subdeviceSecrets, replaced }: Reconfiguration): void {
  const { parts, running, stations } = gateway;
  const { hub, links } = changedParts(changes);
  dismissUnserved(gateway, config);
  running.replace(config);
  stations.reconfigure(config, subdeviceSecrets);
  replaced();
  gateway.requests.forgetUnreceivable();
  gateway.documents.look();
  const wiring = { ...parts, config };
  for (const plan of planLinks(
    wiring,
    { known: stations.registry.all(), notes: gateway.deviceNotes },
    config.links.filter(({ name }) => links.has(name)),
  ))
    gateway.links.add(plan);
  gateway.links.arrange(config.links.map(({ name }) => name));
  if (hub) {
    // the hub allows one CONNECT per interval, and the end of the last connection is now
    gateway.hub.replace(planHub(wiring, stations, parts.clock.nowMs() + config.hub.reconnectFloorMs));
    gateway.hub.start();
  } else gateway.hubSender.send();
}

/** Ends the connections of subdevices that their link does not serve any more. They are informed and may connect elsewhere. */
function dismissUnserved(gateway: Gateway, config: Config): void {
  const isServed = allowance(config);
  for (const subdevice of [...gateway.stations.registry.all()])
    if (subdevice.isAttached && !isServed(subdevice.id, subdevice.link))
      gateway.links.command(subdevice.link, { kind: 'dismiss', subdevice: subdevice.id });
}
