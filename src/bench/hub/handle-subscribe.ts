/**
 * Handling of SUBSCRIBE and UNSUBSCRIBE.
 *
 * Source: MQTT 3.1.1 §3.8, §3.10; the IoT hub's limits and its handling of wildcards, see `bench-rules.ts`.
 */
import { filterMatches } from '../../base/topic.ts';
import type { SubackCode, Subscribe } from '../../codec/mqtt.ts';
import type { HubRules } from './bench-rules.ts';
import type { HubSession } from './client-session.ts';
import type { Outgoing } from './outgoing.ts';
import type { Permissions } from './permissions.ts';

interface SubscribeHandlerParts {
  readonly rules: HubRules;
  readonly permissions: Permissions;
  readonly outgoing: Outgoing;
}

export class SubscribeHandler {
  readonly #parts: SubscribeHandlerParts;

  constructor(parts: SubscribeHandlerParts) {
    this.#parts = parts;
  }

  /** Adds subscriptions. Returns one return code for each filter, in the order of the filters [MQTT-3.8.4-5]. */
  subscribe({ subscriptions }: Subscribe, session: HubSession, nowMs: number): SubackCode[] {
    const { rules, outgoing } = this.#parts;
    return subscriptions.map(({ filter, qos }, index): SubackCode => {
      const granted = qos === 0 ? 0 : 1; // QoS 2 is granted as 1 (§3.8.4 permits a lower QoS)
      const isGranted =
        index < rules.filtersPerSubscribeMax &&
        this.#permits(filter, session.clientId) &&
        session.subscriptions.add({ filter, qos: granted }, nowMs);
      outgoing.note({ kind: 'subscribed', clientId: session.clientId, filter, isGranted });
      return isGranted ? granted : 0x80;
    });
  }

  /** Removes filters. If permissions are checked, `{product}/{device}/#` removes every filter of that device. */
  unsubscribe(filters: readonly string[], session: HubSession): void {
    for (const filter of filters) {
      session.subscriptions.remove(filter);
      if (this.#parts.rules.permissions === 'unchecked' || !/^[^+#/]+\/[^+#/]+\/#$/.test(filter)) continue;
      for (const { filter: held } of session.subscriptions.list()) {
        if (held.startsWith(filter.slice(0, -1))) session.subscriptions.remove(held);
      }
    }
  }

  #permits(filter: string, clientId: string): boolean {
    const { rules, permissions } = this.#parts;
    const isForbidden = rules.forbiddenFilters.some((pattern) => pattern === filter || filterMatches(pattern, filter));
    return !isForbidden && permissions.maySubscribe(clientId, filter);
  }
}
