/**
 * A link and a simulated subdevice on a virtual wire that loses, damages and cuts, with a flow that records the
 * messages in its custody. Everything comes from one seed, on a virtual clock.
 */
import { type Random, seededRandom } from '../../../src/base/random.ts';
import { SimulatedSubdevice } from '../../../src/bench/subdevices/subdevice.ts';
import type {
  SimulatedReport,
  SubdeviceAction,
  SubdeviceInput,
} from '../../../src/bench/subdevices/subdevice-contract.ts';
import type { LinkAction, LinkInput, LinkMachine } from '../../../src/driver/driver.ts';
import { createMqttsnLink } from '../../../src/driver/mqttsn/link.ts';
import { positive } from './address-book.ts';

export interface WireFaults {
  /** Probability that a write loses one byte, and that it has one flipped bit. */
  readonly damage: number;
  /** Probability that a write closes the port instead. */
  readonly cut: number;
  /** Probability that the flow rejects for congestion. */
  readonly congestion: number;
}

interface Event {
  readonly atMs: number;
  readonly happen: () => void;
}

const WIRE_MS = 3;
const REOPEN_MS = 20;

export class VirtualWire {
  readonly link: LinkMachine;
  readonly subdevice: SimulatedSubdevice;
  readonly random: Random;
  readonly #faults: WireFaults;
  #events: Event[] = [];
  nowMs = 0;
  /** Number of the current connection: bytes sent on an earlier one never arrive. */
  #cable = 0;
  /** First bytes of the payloads in custody, with repetitions. */
  readonly accepted: number[] = [];
  readonly reports: SimulatedReport[] = [];
  readonly #durableTopics = new Map<number, string>();
  readonly #unanswered: number[] = [];
  #delivering: number | undefined;
  #isAttached = false;
  /** Number of deliveries started for the first pending message. */
  #attempts = 0;

  constructor(seed: number, faults: WireFaults, window: number) {
    this.random = seededRandom(seed);
    this.#faults = faults;
    const predefinedTopics = new Map<number, string>();
    this.link = createMqttsnLink({
      name: 'virtual',
      framing: 'sn-cobs',
      ...{ gatewayId: 1, advertiseS: 0, soleSubdevice: undefined, wasInUse: true, nodes: new Map() },
      packetBytesMax: 256,
      retryMs: 100,
      retriesMax: 3,
      uplinksMax: 8,
      topicIdsMax: 16,
      predefinedTopics,
      reopen: { floorMs: 50, ceilingMs: 200 },
      random: this.random,
    });
    const clientId = 'pump-7';
    const times = { keepAliveMs: 2000, retryMs: 130 };
    this.subdevice = new SimulatedSubdevice({
      framing: 'sn-cobs',
      clientId,
      clean: false,
      ...times,
      window,
      packetBytesMax: 256,
      predefinedTopics,
      will: undefined,
    });
    this.#toLink({ kind: 'start' });
    this.command({ kind: 'start' });
  }

  command(input: SubdeviceInput): void {
    for (const action of this.subdevice.handle(input, this.nowMs)) this.#bySubdevice(action);
  }

  /** Message of the hub for the subdevice. */
  owe(mark: number): void {
    this.#unanswered.push(mark);
    this.#deliver();
  }

  /** Runs until `isDone`, at most until `endMs`. */
  run(isDone: () => boolean, endMs: number): void {
    while (!isDone() && this.nowMs < endMs) this.#step();
  }

  get isIdle(): boolean {
    return this.subdevice.queued === 0 && this.#unanswered.length === 0;
  }

  #step(): void {
    const linkMs = this.link.wakeAtMs() ?? Number.POSITIVE_INFINITY;
    const subdeviceMs = this.subdevice.wakeAtMs() ?? Number.POSITIVE_INFINITY;
    const next = this.#events.reduce<Event | undefined>(
      (a, b) => (a === undefined || b.atMs < a.atMs ? b : a),
      undefined,
    );
    const atMs = Math.min(linkMs, subdeviceMs, next?.atMs ?? Number.POSITIVE_INFINITY);
    if (!Number.isFinite(atMs)) throw new Error('nothing will ever happen again');
    this.nowMs = Math.max(this.nowMs, atMs);
    if (next !== undefined && next.atMs === atMs) {
      this.#events = this.#events.filter((event) => event !== next);
      next.happen();
    } else if (linkMs === atMs) this.#toLink({ kind: 'wake' });
    else this.command({ kind: 'wake' });
  }

  #later(ms: number, happen: () => void): void {
    this.#events.push({ atMs: this.nowMs + ms, happen });
  }

  #toLink(input: LinkInput): void {
    for (const action of this.link.handle(input, this.nowMs)) this.#byLink(action);
  }

  #byLink(action: LinkAction): void {
    switch (action.kind) {
      case 'open':
        this.#later(REOPEN_MS, () => this.#toLink({ kind: 'opened' }));
        break;
      case 'write':
        this.#carry(action.bytes, (bytes) => this.command({ kind: 'bytes', bytes }));
        break;
      case 'attach':
        // The answer comes later, when it is durable, as from the flow.
        this.#later(this.random() * 20, () => {
          this.#isAttached = true;
          const answer = { accepted: true, topicIds: new Map(this.#durableTopics) } as const;
          this.#toLink({ kind: 'attached', subdevice: 'pump-7', answer });
          this.#deliver();
        });
        break;
      case 'detach':
        this.#isAttached = false;
        if (action.cause === 'asked') this.#toLink({ kind: 'released', subdevice: 'pump-7' });
        break;
      case 'uplink':
        this.#uplink(action);
        break;
      case 'topicBound':
        this.#later(this.random() * 20, () => {
          this.#durableTopics.set(action.topicId, action.topic);
          if (action.token !== undefined) this.#toLink({ kind: 'confirm', subdevice: 'pump-7', token: action.token });
        });
        break;
      case 'topicReleased':
        this.#durableTopics.delete(action.topicId);
        break;
      case 'delivered':
        this.#unanswered.shift();
        this.#attempts = 0;
        this.#delivering = undefined;
        this.#deliver();
        break;
      case 'undelivered':
        this.#delivering = undefined;
        break;
      case 'subscribe':
      case 'unsubscribe':
        this.#later(5, () => this.#toLink({ kind: 'confirm', subdevice: 'pump-7', token: action.token }));
        break;
      case 'close':
        break;
    }
  }

  #uplink({ payload, token }: Extract<LinkAction, { kind: 'uplink' }>): void {
    const isRefused = token !== undefined && this.random() < this.#faults.congestion;
    if (!isRefused) this.accepted.push(payload[0] ?? -1);
    if (token === undefined) return;
    this.#later(this.random() * 150, () => {
      this.#toLink(
        isRefused
          ? { kind: 'refuse', subdevice: 'pump-7', token, why: 'congestion' }
          : positive('acknowledge', 'pump-7', token),
      );
    });
  }

  #deliver(): void {
    const [mark] = this.#unanswered;
    if (mark === undefined || !this.#isAttached || this.#delivering !== undefined) return;
    this.#delivering = mark;
    const dup = this.#attempts > 0;
    this.#attempts += 1;
    const payload = Uint8Array.of(mark);
    this.#toLink({
      kind: 'deliver',
      subdevice: 'pump-7',
      token: mark,
      topic: `command/${mark % 3}`,
      payload,
      qos: 1,
      dup,
    });
  }

  #bySubdevice(action: SubdeviceAction): void {
    switch (action.kind) {
      case 'open':
        this.#later(REOPEN_MS, () => this.command({ kind: 'opened' }));
        break;
      case 'write':
        this.#carry(action.bytes, (bytes) => this.#toLink({ kind: 'bytes', bytes }));
        break;
      case 'setSpeed':
      case 'close':
        break;
      default:
        this.reports.push(action);
    }
  }

  #carry(bytes: Uint8Array, arrive: (bytes: Uint8Array) => void): void {
    const cable = this.#cable;
    if (this.random() < this.#faults.cut) {
      this.#cable += 1;
      this.#later(1, () => this.#toLink({ kind: 'closed', reason: 'unplugged' }));
      this.#later(1, () => this.command({ kind: 'closed', reason: 'unplugged' }));
      return;
    }
    const arriving = this.#damaged(bytes);
    this.#later(WIRE_MS, () => {
      if (cable === this.#cable) arrive(arriving);
    });
  }

  #damaged(bytes: Uint8Array): Uint8Array {
    const damaged = [...bytes];
    const at = Math.floor(this.random() * damaged.length);
    if (this.random() < this.#faults.damage) damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(this.random() * 8));
    if (this.random() < this.#faults.damage) damaged.splice(at, 1);
    return Uint8Array.from(damaged);
  }
}
