/** A device of lines and its link on a virtual wire that damages, loses and cuts, all from one seed. */
import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../../src/base/random.ts';
import { numberedPayload, numberOf } from '../../../../src/bench/account.ts';
import { DEVICE_LINES, LinesDevice } from '../../../../src/bench/subdevices/lines-device.ts';
import type { LinkAction, LinkInput, LinkMachine } from '../../../../src/driver/driver.ts';
import { positive } from '../address-book.ts';
import { linesLink } from './lines-rig.ts';

type DeviceInput = Parameters<LinesDevice['handle']>[0];

interface Faults {
  /** Probability that a write has one octet changed, and that it loses one. */
  readonly damage: number;
  /** Probability that a write closes the port instead. */
  readonly cut: number;
  readonly congestion: number;
  /** Negative control: the flow sends `acknowledge` for messages without custody. */
  readonly forgets?: boolean;
}

const WIRE_MS = 3;
const MESSAGES = 40;
const END_MS = 600_000;

class NoisyWire {
  readonly device = new LinesDevice({ retryMs: 130, window: 1 });
  readonly link: LinkMachine;
  readonly #faults: Faults;
  readonly #random: Random;
  #events: { readonly atMs: number; readonly happen: () => void }[] = [];
  #nowMs = 0;
  #cable = 0;
  readonly #unanswered: number[] = [];
  #delivering = false;

  constructor(seed: number, faults: Faults) {
    this.#random = seededRandom(seed);
    this.#faults = faults;
    this.link = linesLink(DEVICE_LINES, [], this.#random);
    this.#toLink({ kind: 'start' });
    this.#toDevice({ kind: 'start' });
  }

  run(): void {
    for (let count = 0; count < MESSAGES; count += 1) {
      this.#toDevice({ kind: 'publish' });
      this.#unanswered.push(this.device.downlinks.send());
    }
    while (this.#nowMs < END_MS && (this.device.queued > 0 || this.#unanswered.length > 0)) this.#step();
  }

  #step(): void {
    const times = [this.link.wakeAtMs(), this.device.wakeAtMs(), ...this.#events.map(({ atMs }) => atMs)];
    this.#nowMs = Math.max(this.#nowMs, Math.min(...times.filter((time) => time !== undefined)));
    const due = this.#events.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#events = this.#events.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { happen } of due) happen();
    if ((this.link.wakeAtMs() ?? END_MS) <= this.#nowMs) this.#toLink({ kind: 'wake' });
    if ((this.device.wakeAtMs() ?? END_MS) <= this.#nowMs) this.#toDevice({ kind: 'wake' });
  }

  #later(ms: number, happen: () => void): void {
    this.#events.push({ atMs: this.#nowMs + ms, happen });
  }

  #toLink(input: LinkInput): void {
    for (const action of this.link.handle(input, this.#nowMs)) this.#byLink(action);
  }

  #toDevice(input: DeviceInput): void {
    for (const action of this.device.handle(input, this.#nowMs)) {
      if (action.kind === 'open') this.#later(20, () => this.#toDevice({ kind: 'opened' }));
      if (action.kind === 'write') this.#carry(action.bytes, (bytes) => this.#toLink({ kind: 'bytes', bytes }));
    }
  }

  #byLink(action: LinkAction): void {
    switch (action.kind) {
      case 'open':
        return this.#later(20, () => this.#toLink({ kind: 'opened' }));
      case 'write':
        return this.#carry(action.bytes, (bytes) => this.#toDevice({ kind: 'bytes', bytes }));
      case 'attach':
        this.#toLink({
          kind: 'attached',
          subdevice: action.subdevice,
          answer: { accepted: true, topicIds: new Map() },
        });
        return this.#deliver();
      case 'uplink':
        return this.#take(action);
      case 'delivered':
        this.#unanswered.shift();
        this.#delivering = false;
        return this.#deliver();
      case 'undelivered':
        this.#delivering = false;
        return;
      default:
    }
  }

  #take({ subdevice, payload, token = 0 }: Extract<LinkAction, { kind: 'uplink' }>): void {
    const isRefused = this.#random() < this.#faults.congestion;
    if (!isRefused && !(this.#faults.forgets === true && this.#random() < 0.2))
      this.device.uplinks.arrive(numberOf(payload) ?? 0);
    this.#later(this.#random() * 150, () =>
      this.#toLink(
        isRefused ? { kind: 'refuse', subdevice, token, why: 'congestion' } : positive('acknowledge', subdevice, token),
      ),
    );
  }

  #deliver(): void {
    const [number] = this.#unanswered;
    if (number === undefined || this.#delivering || this.link.attachedSubdevices().length === 0) return;
    this.#delivering = true;
    const payload = numberedPayload(number, 20);
    const order = { kind: 'deliver', subdevice: 'meter-1', token: number, topic: 'cmd', payload, qos: 1, dup: false };
    this.#toLink({ ...order, kind: 'deliver', qos: 1 });
  }

  #carry(bytes: Uint8Array, arrive: (bytes: Uint8Array) => void): void {
    const cable = this.#cable;
    if (this.#random() < this.#faults.cut) {
      this.#cable += 1;
      this.#later(1, () => this.#toLink({ kind: 'closed', reason: 'unplugged' }));
      this.#later(1, () => this.#toDevice({ kind: 'closed', reason: 'unplugged' }));
      return;
    }
    const arriving = [...bytes];
    const at = Math.floor(this.#random() * arriving.length);
    if (this.#random() < this.#faults.damage)
      arriving[at] = (arriving[at] ?? 0) ^ (1 << Math.floor(this.#random() * 8));
    if (this.#random() < this.#faults.damage) arriving.splice(at, 1);
    this.#later(WIRE_MS, () => {
      if (cable === this.#cable) arrive(Uint8Array.from(arriving));
    });
  }
}

const SEEDS = Array.from({ length: 30 }, (_, seed) => seed + 1);
const WHOLE = { acknowledged: MESSAGES, delivered: MESSAGES, missing: 0, reordered: 0 };

describe('a device of lines on a bad wire', () => {
  it.each([
    ['a calm wire', { damage: 0, cut: 0, congestion: 0 }],
    ['a wire that damages one write of ten', { damage: 0.1, cut: 0, congestion: 0 }],
    ['a wire that closes, with a busy gateway', { damage: 0.05, cut: 0.02, congestion: 0.2 }],
  ])('loses and reorders nothing, in both directions, on %s', (_, faults) => {
    for (const seed of SEEDS) {
      const wire = new NoisyWire(seed, faults);
      wire.run();
      expect({ seed, up: wire.device.uplinks, down: wire.device.downlinks.delivered }).toMatchObject({
        up: WHOLE,
        down: MESSAGES,
      });
    }
  });

  it('causes no duplicate on a calm wire', () => {
    const wire = new NoisyWire(1, { damage: 0, cut: 0, congestion: 0 });
    wire.run();
    expect([wire.device.uplinks.duplicates, wire.device.downlinks.duplicates]).toEqual([0, 0]);
  });

  it('negative control: loses lines that are acknowledged without custody', () => {
    const wire = new NoisyWire(1, { damage: 0, cut: 0, congestion: 0, forgets: true });
    wire.run();
    expect(wire.device.uplinks.missing).toBeGreaterThan(0);
  });
});
