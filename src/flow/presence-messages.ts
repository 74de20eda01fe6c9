/**
 * Presence messages: they say to the hub that a subdevice has come online or gone offline, each with its name. They are
 * not retained and not in custody. The hub forgets them with the connection, so after each CONNACK all subdevices that
 * are online are reported again.
 *
 *     attached ─▶ due ─▶ reported ─ detached ─▶ due ─▶ (nothing)
 *
 * Only the newest state of a subdevice waits. A subdevice that is back before it was reported as offline stays reported.
 */
import { documentOf } from '../outbox/shared-document.ts';
import type { SubdeviceRegistry } from '../subdevices/registry.ts';
import { type DocumentSource, type DocumentTurn, nextTurnAtMs, type OwnDocument, turnSince } from './own-documents.ts';

export interface PresenceMessagesOptions {
  readonly registry: SubdeviceRegistry;
  readonly connectTopic: string;
  readonly disconnectTopic: string;
  /** Name of a subdevice in documents. */
  readonly nameOf: (subdevice: string) => string;
  readonly isAllowed: (subdevice: string, link: string) => boolean;
  readonly nowMs: () => number;
  /** Called when a presence message is due. */
  readonly due: () => void;
}

const NO_MEMBERS = Buffer.from('{}');

export class PresenceMessages implements DocumentSource {
  readonly #options: PresenceMessagesOptions;
  /** Ids of the subdevices that the hub has as online, in this connection. */
  readonly #reported = new Set<string>();
  /** Subdevices that wait, in their order, with the time since which they wait, monotonic ms. */
  readonly #due = new Map<string, number>();
  #isConnected = false;
  readonly needsProbe = false;

  constructor(options: PresenceMessagesOptions) {
    this.#options = options;
  }

  /** Called after a change of the configuration: subdevices that are no longer served go offline. */
  look(): void {
    for (const { id } of this.#options.registry.all()) this.changed(id);
  }

  /** Called when a subdevice has attached or detached. */
  changed(subdevice: string): void {
    if (!this.#isConnected) return;
    if (this.#isOnline(subdevice) === this.#reported.has(subdevice)) this.#due.delete(subdevice);
    else if (!this.#due.has(subdevice)) this.#due.set(subdevice, this.#options.nowMs());
    if (this.#due.size > 0) this.#options.due();
  }

  connected(): void {
    this.#isConnected = true;
    this.#reported.clear();
    this.look();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#reported.clear();
    this.#due.clear();
  }

  turn(nowMs: number): DocumentTurn {
    const sinceMs = this.#waitingSinceMs;
    return sinceMs === undefined ? 'none' : turnSince(sinceMs, nowMs);
  }

  get nextTopic(): string | undefined {
    const [subdevice] = this.#due.keys();
    return subdevice && this.#topicFor(subdevice);
  }

  take(): OwnDocument | undefined {
    const [subdevice] = this.#due.keys();
    if (subdevice === undefined) return undefined;
    this.#due.delete(subdevice);
    const topic = this.#topicFor(subdevice);
    if (this.#isOnline(subdevice)) this.#reported.add(subdevice);
    else this.#reported.delete(subdevice);
    const name = this.#options.nameOf(subdevice);
    return { topic, payload: documentOf({ form: 'with-device', name, ms: undefined }, NO_MEMBERS) };
  }

  /** Leaves the presence message out until the state of the subdevice changes, or until the next connection. */
  skip(): void {
    const [subdevice] = this.#due.keys();
    if (subdevice !== undefined) this.#due.delete(subdevice);
  }

  wakeAtMs(nowMs: number): number | undefined {
    const sinceMs = this.#waitingSinceMs;
    return sinceMs === undefined ? undefined : nextTurnAtMs(sinceMs, nowMs);
  }

  probed(): void {}

  alive(): void {}

  get #waitingSinceMs(): number | undefined {
    const [sinceMs] = this.#due.values();
    return sinceMs;
  }

  #topicFor(subdevice: string): string {
    const { connectTopic, disconnectTopic } = this.#options;
    return this.#isOnline(subdevice) ? connectTopic : disconnectTopic;
  }

  #isOnline(id: string): boolean {
    const { registry, isAllowed } = this.#options;
    const subdevice = registry.byId(id);
    return subdevice?.isAttached === true && isAllowed(id, subdevice.link);
  }
}
