/**
 * Effects of the hub's bindings, and binding operations by command of a technician.
 *
 * An unbound subdevice is not served: it is dismissed, and its uplinks wait without an attempt, since the hub would
 * drop them without an answer. After a new binding its uplinks are sent and its filters are requested again; it is
 * served when it next connects. Filters that the hub rejected before the subdevice was online at the hub are requested
 * again once it is online.
 */
import type { Facts } from '../base/events.ts';
import { type HubIdentity, identityKey } from '../base/hub-identity.ts';
import type { GatewayOperations } from '../hub/gateway/gateway-operations.ts';
import type { BindingReport } from '../hub/gateway/hub-service.ts';
import { isDone } from '../hub/gateway/result-codes.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Cancel, Clock } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { Subdevice, SubdeviceRegistry } from '../subdevices/registry.ts';
import type { HubSender } from './hub-sender.ts';
import type { CommandLink } from './links.ts';
import type { HubSubscriptions } from './subscriptions.ts';

export interface BindingFlowOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly registry: SubdeviceRegistry;
  readonly outbox: Outbox;
  readonly operations: GatewayOperations;
  readonly commandLink: CommandLink;
  readonly hubSender: HubSender;
  readonly subscriptions: HubSubscriptions;
  /** Returns the id of the configured subdevice. */
  readonly ownerOf: (identity: HubIdentity) => string | undefined;
}

/** Result codes of the hub by identity key. A missing one was not answered. */
export type BindingAnswers = ReadonlyMap<string, number>;

interface Waiting {
  readonly verb: 'bind' | 'unbind' | 'describe';
  readonly identities: readonly HubIdentity[];
  readonly answers: Map<string, number>;
  readonly resolve: (isAnswered: boolean) => void;
}

/** Longest wait for an operation, as in the vendor's C SDK. Four repetitions fit into it. */
const ORDER_MS_MAX = 20_000;

export class BindingFlow {
  readonly #options: BindingFlowOptions;
  readonly #waiting = new Map<Waiting, Cancel>();

  constructor(options: BindingFlowOptions) {
    this.#options = options;
  }

  handle(report: BindingReport): void {
    switch (report.kind) {
      case 'binding':
        this.#report(report);
        return report.isBound ? this.#serve(report.identity) : this.#dismiss(report.identity);
      case 'announced':
        return this.#options.subscriptions.retry(this.#subdeviceOf(report.identity)?.subscriptions.keys() ?? []);
      case 'answered':
        if (report.verb === 'bind' && isDone('bind', report.code)) this.#serve(report.identity);
        return this.#answered(report);
      case 'described':
        for (const waiting of this.#waiting.keys()) if (waiting.verb === 'describe') this.#end(waiting, true);
        return;
    }
  }

  /** Requests an operation at the hub. Resolves when the hub has answered for all, or after `ORDER_MS_MAX`. */
  async ask(verb: 'bind' | 'unbind', identities: readonly HubIdentity[]): Promise<BindingAnswers> {
    const answers = new Map<string, number>();
    if (identities.length === 0) return answers;
    await this.#await({ verb, identities, answers }, () => {
      for (const identity of identities) this.#options.operations.bindings.request(verb, identity);
    });
    return answers;
  }

  /** Requests the hub's list. @returns whether the hub sent the list */
  describe(): Promise<boolean> {
    return this.#await({ verb: 'describe', identities: [], answers: new Map() }, () =>
      this.#options.operations.bindings.askList(),
    );
  }

  #await(asked: Omit<Waiting, 'resolve'>, begin: () => void): Promise<boolean> {
    const { mailbox, clock, hubSender } = this.#options;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    mailbox.post(() => {
      const waiting: Waiting = { ...asked, resolve };
      const giveUp = (): void => mailbox.post(() => this.#end(waiting, false));
      this.#waiting.set(waiting, clock.wakeAt(clock.nowMs() + ORDER_MS_MAX, giveUp));
      begin();
      hubSender.send();
    });
    return promise;
  }

  #answered({ verb, identity, code }: Extract<BindingReport, { kind: 'answered' }>): void {
    const key = identityKey(identity);
    for (const waiting of this.#waiting.keys()) {
      if (waiting.verb !== verb || !waiting.identities.some((one) => identityKey(one) === key)) continue;
      waiting.answers.set(key, code);
      this.#options.operations.bindings.withdraw(identity);
      if (waiting.answers.size === waiting.identities.length) this.#end(waiting, true);
    }
  }

  #end(waiting: Waiting, isAnswered: boolean): void {
    const cancel = this.#waiting.get(waiting);
    if (cancel === undefined) return;
    cancel();
    this.#waiting.delete(waiting);
    const { bindings } = this.#options.operations;
    for (const identity of waiting.identities)
      if (!waiting.answers.has(identityKey(identity))) bindings.withdraw(identity);
    waiting.resolve(isAnswered);
  }

  #report({ identity, isBound }: Extract<BindingReport, { kind: 'binding' }>): void {
    const { facts, ownerOf, operations } = this.#options;
    const { sentence, remedy } = operations.bindings.of(identity)?.unbound ?? { sentence: '', remedy: '' };
    const subdevice = ownerOf(identity) ?? identityKey(identity);
    const words = isBound ? 'bound at the hub and is served' : `not bound at the hub: ${sentence}. ${remedy}`;
    facts.emit('hubAnswered', { sentence: `subdevice ${subdevice} is ${words.replace('ID', subdevice)}` });
  }

  /** Returns the subdevice with this identity. `undefined`: the subdevice has never attached. */
  #subdeviceOf(identity: HubIdentity): Subdevice | undefined {
    return this.#options.registry.byId(this.#options.ownerOf(identity) ?? '');
  }

  #dismiss(identity: HubIdentity): void {
    const { outbox, commandLink } = this.#options;
    const subdevice = this.#subdeviceOf(identity);
    if (subdevice === undefined) return; // the subdevice is rejected when it attaches
    outbox.setHalted(subdevice.lane, true);
    if (subdevice.isAttached) commandLink(subdevice.link, { kind: 'dismiss', subdevice: subdevice.id });
  }

  #serve(identity: HubIdentity): void {
    const { outbox, subscriptions, hubSender } = this.#options;
    const subdevice = this.#subdeviceOf(identity);
    if (subdevice === undefined) return;
    outbox.setHalted(subdevice.lane, false);
    subscriptions.renew(subdevice.subscriptions.keys());
    hubSender.send();
  }
}
