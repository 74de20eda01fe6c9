/** Makes the reports of messages and holds from the running gateway. */
import { Fault } from '../../base/fault.ts';
import type { Direction } from '../../base/message.ts';
import type { Stamp } from '../../base/time.ts';
import type { Entry } from '../../custody/entry.ts';
import { ownerOf } from '../../custody/lane-number.ts';
import type { MessagePage, MessageRequest } from '../../custody/message-page.ts';
import { coversTopic } from '../../custody/operator-hold.ts';
import type { Row } from '../../custody/row.ts';
import type { GatewayView } from '../gateway-view.ts';
import { type HoldReport, holdReportOf } from './hold-report.ts';
import {
  type MessageFacts,
  type MessageShow,
  type MessageState,
  type MessagesReport,
  messagesReportOf,
} from './message-report.ts';
import {
  directionOf,
  type NamedLane,
  type QueueName,
  type ResolvedSelector,
  resolveSelector,
  selectorInQuery,
} from './message-selector.ts';

/** Largest number of messages in one answer. */
export const LISTED_MAX = 1000;

export class MessageInspector {
  readonly #gateway: GatewayView;
  readonly #facts: Omit<MessageFacts, 'stateOf'>;

  constructor(gateway: GatewayView) {
    this.#gateway = gateway;
    this.#facts = {
      nameOf: (lane) => gateway.registry.byLane(lane)?.id ?? '(no subdevice)',
      ageOf: (stamp) => gateway.age(stamp),
      acceptedMsOf: (stamp) => wallMsOf(gateway, stamp),
    };
  }

  async messages(query: URLSearchParams): Promise<MessagesReport> {
    const queue: QueueName = query.get('queue') === 'inbox' ? 'inbox' : 'outbox';
    const direction = directionOf(queue);
    const custodian = this.#gateway.custodian(direction);
    const newest = custodian.lastSeq;
    let selector: ResolvedSelector;
    try {
      selector = resolveSelector(selectorInQuery(query), this.#known());
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const rejected = { message: error.message, hint: error.hint };
      return { queue, messages: [], tally: null, damaged: 0, scanned: 0, next: null, newest, rejected };
    }
    const request = { ...selector.selected, ...rangeIn(query, newest), direction };
    const page = await this.#gateway.store.messages(request);
    const { page: all, entries } = this.#withRam(page, request);
    const show = showIn(query);
    return messagesReportOf(
      { queue, page: all, selector, newest, show },
      { ...this.#facts, stateOf: (row) => this.#stateOf(direction, row, entries) },
    );
  }

  /** Facts for a snapshot of messages that wait. */
  get facts(): MessageFacts {
    return { ...this.#facts, stateOf: () => ({ state: 'waiting', attempts: 0 }) };
  }

  holds(direction: Direction): HoldReport[] {
    return this.#gateway.custodian(direction).holds.map((hold) => holdReportOf(hold, this.#facts));
  }

  /** Operator holds, and the number of messages that they keep as far as the gateway has looked. */
  onHold(direction: Direction): { readonly holds: readonly HoldReport[]; readonly messages: number } {
    const holds = this.holds(direction);
    if (holds.length === 0) return { holds, messages: 0 };
    const lanes = [...this.#gateway.custodian(direction).lanes()];
    return { holds, messages: lanes.reduce((sum, lane) => sum + lane.onHold, 0) };
  }

  #known(): NamedLane[] {
    return [...this.#gateway.registry.all()];
  }

  /** Adds the messages that are in RAM only, and returns the entries in RAM by number. */
  #withRam(
    page: MessagePage,
    { direction, after, subdevices, filters, numbers }: MessageRequest,
  ): { readonly page: MessagePage; readonly entries: ReadonlyMap<number, Entry> } {
    const entries = new Map<number, Entry>();
    const onDisk = new Set(page.rows.map(({ seq }) => seq));
    const more: Row[] = [];
    for (const lane of this.#gateway.custodian(direction).lanes()) {
      for (const entry of lane.inRam()) {
        const { row } = entry;
        entries.set(row.seq, entry);
        const isInRange = row.seq > after && row.seq <= page.scannedTo && !onDisk.has(row.seq);
        if (entry.keeping === 'stored' || !isInRange) continue;
        const isSelected =
          (subdevices === undefined || subdevices.includes(ownerOf(lane.lane))) &&
          (filters === undefined || coversTopic(filters, row.topic)) &&
          (numbers === undefined || numbers.includes(row.seq));
        if (isSelected) more.push(row);
      }
    }
    const rows = [...page.rows, ...more].sort((left, right) => left.seq - right.seq);
    return { page: { ...page, rows }, entries };
  }

  #stateOf(
    direction: Direction,
    row: Row,
    entries: ReadonlyMap<number, Entry>,
  ): { readonly state: MessageState; readonly attempts: number } {
    const { outbox } = this.#gateway;
    const entry = entries.get(row.seq);
    const attempts = entry?.attempts ?? 0;
    if (entry?.inFlight === true) return { state: 'in flight', attempts };
    if (entry !== undefined && entry.keeping !== 'stored') return { state: 'not on disk', attempts };
    if (this.#gateway.custodian(direction).lane(row.lane).isCovered(row.topic)) return { state: 'on hold', attempts };
    if (direction === 'uplink' && outbox.isHalted(row.lane)) return { state: 'not bound', attempts };
    if (direction === 'uplink' && outbox.ackHealth.stateOf(row) === 'suspect') return { state: 'no PUBACK', attempts };
    return { state: 'waiting', attempts };
  }
}

export function rangeIn(query: URLSearchParams, newest: number): Pick<MessageRequest, 'after' | 'upTo' | 'limit'> {
  const number = (name: string, fallback: number): number => {
    const text = query.get(name) ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : fallback;
  };
  const limit = Math.min(number('limit', 50), showIn(query) === 'tally' ? Number.MAX_SAFE_INTEGER : LISTED_MAX);
  return { after: number('after', 0), upTo: Math.min(number('upTo', newest), newest), limit };
}

function showIn(query: URLSearchParams): MessageShow {
  const show = query.get('show');
  return show === 'payload' || show === 'tally' ? show : 'list';
}

/** Unix ms of a stamp; `null`: the wall clock was not trusted in that boot. */
function wallMsOf({ wallClock }: GatewayView, { epoch, upMs }: Stamp): number | null {
  const wallMinusUpMs = wallClock.epochs.get(epoch)?.wallMinusUpMs;
  return wallMinusUpMs === undefined ? null : Math.round(wallMinusUpMs + upMs);
}
