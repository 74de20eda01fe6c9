/**
 * Selects the facts that become events of the history, with the thing that each concerns and the duration of the state
 * that it ends.
 */
import type { EventName } from '../../base/events.ts';
import { EventBuffer } from '../../history/event-buffer.ts';
import type { EventKind, HistoryEvent } from '../../history/history-events.ts';
import type { GatewayView } from '../gateway-view.ts';
import { type FactOf, reportFact } from '../narration.ts';

interface Term<Name extends EventName> {
  readonly kind: EventKind;
  readonly subject?: (fact: FactOf<Name>) => string;
  readonly detail?: (fact: FactOf<Name>) => string;
  /**
   * Further words that keep events separate. Repeated events with the same subject, detail and mark become one with a
   * count, which has the newest sentence. So a mark has what the sentence must not lose, and nothing that differs each
   * time, such as a reason from outside or a number.
   */
  readonly mark?: (fact: FactOf<Name>) => string;
  /** State that the fact begins; it ends every other state with the same kind and subject. */
  readonly begins?: string;
  /** Duration that the fact itself states. */
  readonly lasted?: (fact: FactOf<Name>) => number;
  /** True if the event must be durable soon. Absent: as its kind. */
  readonly isPrompt?: (fact: FactOf<Name>) => boolean;
}

/** Kinds whose events are acts of operators: a kill soon after a command must not lose who did what. */
const PROMPT: ReadonlySet<EventKind> = new Set(['configuration', 'operator']);

const link = ({ link: name }: { readonly link: string }): string => name;
const subdevice = ({ subdevice: id }: { readonly subdevice: string }): string => id;
const version = ({ version: words }: { readonly version: string }): string => words;
const packet = ({ packet: words }: { readonly packet: string }): string => words;
/** Keeps the end of a problem separate from the problem. */
const judgement = ({ problem }: { readonly problem: string | undefined }): string =>
  problem === undefined ? 'solved' : 'problem';
/** Problem of the configuration: few different texts, each reported once until it changes. */
const problemWords = ({ problem = '' }: { readonly problem: string | undefined }): string => problem;
const actor = ({ by = '' }: { readonly by?: string | undefined }): string => by;

const TERMS: { readonly [Name in EventName]?: Term<Name> } = {
  gatewayStarted: { kind: 'gateway' },
  gatewayStopping: { kind: 'gateway' },
  gatewayEnded: { kind: 'gateway' },
  gatewayHung: { kind: 'gateway', subject: ({ source }) => source },
  gatewayPaused: { kind: 'gateway', lasted: ({ ms }) => ms },
  clockStepped: { kind: 'gateway', mark: ({ isTrusted }) => (isTrusted ? 'trusted' : '') },
  clockTrusted: { kind: 'gateway' },
  clockOverruled: { kind: 'gateway' },
  machineSlept: { kind: 'gateway', lasted: ({ ms }) => ms },
  messageSetAside: {
    kind: 'gateway',
    subject: ({ of }) => of,
    mark: ({ endedProcess }) => (endedProcess ? 'ended' : ''),
  },
  listenerFailed: { kind: 'gateway', subject: ({ fact }) => fact },
  configurationChanged: { kind: 'configuration' },
  configApplied: {
    kind: 'configuration',
    detail: () => 'config apply',
    mark: ({ keys, by = '' }) => [by, ...keys].join(' '),
  },
  configConfirmed: { kind: 'configuration', detail: ({ how }) => how, mark: actor },
  configRolledBack: { kind: 'configuration', detail: ({ reason }) => reason, mark: actor },
  tlsFilesJudged: { kind: 'configuration', mark: problemWords },
  secretFileJudged: { kind: 'configuration', mark: problemWords },
  operatorActed: {
    kind: 'operator',
    subject: ({ subject }) => subject,
    detail: ({ action }) => action,
    mark: actor,
    isPrompt: ({ isReadOnly = false }) => !isReadOnly,
  },
  backlogLimitEnded: { kind: 'operator', mark: ({ limit }) => limit },
  storeFull: { kind: 'storage', mark: ({ isFull }) => (isFull ? 'full' : '') },
  storeRecovered: { kind: 'storage', mark: ({ sentence }) => sentence },
  storeOnOtherMachine: { kind: 'storage', mark: ({ verdict }) => verdict },
  deviceNotesJudged: { kind: 'storage', mark: judgement },
  hubConnected: { kind: 'hub', begins: 'connected' },
  hubLost: { kind: 'hub', begins: 'away' },
  hubUnreachable: { kind: 'hub' },
  passwordRenewed: { kind: 'hub' },
  passwordJudged: { kind: 'hub', mark: judgement },
  hubRefused: { kind: 'hub', mark: ({ remedy }) => remedy },
  hubTakenOver: { kind: 'hub' },
  sessionLost: { kind: 'hub' },
  possibleGap: { kind: 'hub' },
  packetSetAside: { kind: 'hub', subject: packet },
  packetReleased: { kind: 'hub', subject: packet },
  linkOpened: { kind: 'link', subject: link, begins: 'open' },
  linkClosed: { kind: 'link', subject: link, begins: 'down' },
  linkWaits: { kind: 'link', subject: link },
  linkRecovery: { kind: 'link', subject: link, mark: ({ recoveryStep }) => recoveryStep },
  linkGivenUp: { kind: 'link', subject: link, mark: ({ trouble }) => trouble },
  subdeviceAttached: { kind: 'subdevice', subject: subdevice, begins: 'attached' },
  subdeviceDetached: { kind: 'subdevice', subject: subdevice, begins: 'away' },
  subdeviceRefused: { kind: 'subdevice', subject: subdevice },
  willPublished: { kind: 'subdevice', subject: subdevice },
  firmwareOffered: { kind: 'subdevice', subject: subdevice, detail: version },
  firmwareOfferRejected: { kind: 'subdevice', subject: subdevice },
  firmwareDownloaded: { kind: 'gateway', detail: version },
  firmwareDownloadFailed: { kind: 'gateway', detail: version, mark: ({ again }) => (again ? 'again' : '') },
  firmwareReceived: { kind: 'subdevice', subject: subdevice, detail: version },
  firmwareUpdated: { kind: 'subdevice', subject: subdevice, detail: version },
  firmwareFailed: { kind: 'subdevice', subject: subdevice, detail: version },
  conditionRaised: { kind: 'condition', subject: ({ code }) => code, detail: ({ effect }) => effect },
  conditionCleared: { kind: 'condition', subject: ({ code }) => code, lasted: ({ forMs }) => forMs },
};

/** Largest number of things whose state is remembered: links and as many subdevices as the hub allows. */
const STATES_MAX = 2048;

export class EventLog {
  readonly #gateway: GatewayView;
  readonly buffer = new EventBuffer();
  /** Kind and subject → state, and monotonic ms at which it began. */
  readonly #states = new Map<string, { readonly state: string; readonly sinceMs: number }>();
  #isClosed = false;

  /** @param added called after each event. `isPrompt`: the event must be durable soon */
  constructor(gateway: GatewayView, added: (name: EventName, isPrompt: boolean) => void) {
    this.#gateway = gateway;
    for (const name of Object.keys(TERMS) as (keyof typeof TERMS)[])
      gateway.facts.on(name, (fact: object) => {
        if (this.#isClosed) return;
        added(name, this.#add(name, fact as never));
      });
  }

  /** Adds no further events: those of a stop are its consequences. */
  close(): void {
    this.#isClosed = true;
  }

  /** Adds an event that happened at an earlier time. */
  addEarlier(event: Pick<HistoryEvent, 'epoch' | 'upMs' | 'offsetMs' | 'kind' | 'name' | 'sentence'>): void {
    this.buffer.add({ ...event, subject: '', detail: '', durationMs: null, count: 1, lastUpMs: event.upMs });
  }

  /** @returns true if the event must be durable soon */
  #add<Name extends EventName>(name: Name, fact: FactOf<Name>): boolean {
    const term: Term<Name> | undefined = TERMS[name];
    if (term === undefined) return false;
    const { epoch, upMs } = this.#gateway.stamp();
    const subject = term.subject?.(fact) ?? '';
    const durationMs = term.lasted?.(fact) ?? (term.begins === undefined ? null : this.#enter(term, subject, upMs));
    const offsetMs = this.#gateway.wallClock.epochs.get(epoch)?.wallMinusUpMs ?? null;
    const sentence = reportFact(name, fact);
    const { kind } = term;
    const detail = term.detail?.(fact) ?? '';
    this.buffer.add(
      {
        epoch,
        upMs,
        offsetMs,
        kind,
        name,
        subject,
        sentence,
        detail,
        durationMs,
        count: 1,
        lastUpMs: upMs,
      },
      term.mark?.(fact),
    );
    return term.isPrompt?.(fact) ?? PROMPT.has(kind);
  }

  /** @returns duration of the state that ends; `null`: unknown */
  #enter({ kind, begins = '' }: Term<never>, subject: string, upMs: number): number | null {
    const key = `${kind} ${subject}`;
    const before = this.#states.get(key);
    this.#states.delete(key);
    this.#states.set(key, { state: begins, sinceMs: upMs });
    if (this.#states.size > STATES_MAX)
      for (const oldest of this.#states.keys()) {
        this.#states.delete(oldest);
        break;
      }
    if (before === undefined) return kind === 'hub' && begins === 'connected' ? this.#awayBeforeStart() : null;
    return before.state === begins ? null : upMs - before.sinceMs;
  }

  /** Time since the hub last saw the gateway, if the present process did not see the loss. */
  #awayBeforeStart(): number | null {
    return this.#gateway.watch.away?.ms ?? null;
  }
}
