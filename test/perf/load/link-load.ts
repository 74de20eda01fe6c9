/**
 * Load of one link: sends frames of a ring within a window, counts the answers, and follows the orders in the shared
 * memory. The descriptor is non-blocking: what it does not take stays in `#unwritten`.
 */
import { readSync, writeSync } from 'node:fs';
import type { FrameRing } from './frames.ts';
import { LineClock } from './line-clock.ts';
import type { AnswerSink, LineProtocol } from './line-protocol.ts';
import { COMMAND, IDS, type LinkMemory } from './link-memory.ts';

export interface LinkLoadPlan {
  readonly fd: number;
  readonly protocol: LineProtocol;
  /** `undefined`: the link only answers. */
  readonly ring: FrameRing | undefined;
  readonly memory: LinkMemory;
  /** Messages sent before this load, which continues with the next id. */
  readonly startAt: number;
  /** Pause before the greeting is repeated. */
  readonly greetEveryUs: number;
}

/** Pause before a refused message is sent again, as a device with a short back-off. */
const REFUSED_PAUSE_US = 50_000;
/** Largest number of messages in one write, less than a PTY holds. */
const BURST_MAX = 32;

interface Later {
  readonly atUs: number;
  readonly act: (nowUs: number) => void;
}

export class LinkLoad implements AnswerSink {
  readonly fd: number;
  readonly #plan: LinkLoadPlan;
  readonly #memory: LinkMemory;
  /** 1 for each message id without an answer. */
  readonly #unanswered = new Uint8Array(IDS + 1);
  readonly #incoming = new LineClock();
  readonly #outgoing = new LineClock();
  /** Actions with their times. */
  readonly #later: Later[] = [];
  readonly #unwritten: Uint8Array[] = [];
  #inFlight = 0;
  #nextGreetingUs = 0;
  #nextDueUs = 0;
  #nextRepeatUs = 0;
  #perKs = 0;
  /** True while a frame is on the line. */
  #isLineBusy = false;
  #lastReceived = 0;
  #wantsConnection = false;
  #nowUs = 0;

  constructor(plan: LinkLoadPlan) {
    this.#plan = plan;
    this.#memory = plan.memory;
    this.fd = plan.fd;
    if (plan.protocol.greeting === undefined) this.#memory.set('isConnected', 1);
  }

  get wantsToWrite(): boolean {
    return this.#unwritten.length > 0;
  }

  /** Reads what is there. @param memory for one read */
  read(memory: Uint8Array, nowUs: number): void {
    this.#nowUs = nowUs;
    let length: number;
    try {
      length = readSync(this.fd, memory);
    } catch (error) {
      if (['EAGAIN', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
      throw error;
    }
    this.#memory.add('bytesRead', length);
    const baudRate = this.#memory.get('baudRate');
    if (baudRate === 0) return this.#plan.protocol.receive(memory.subarray(0, length), this);
    const bytes = memory.slice(0, length);
    const atUs = this.#incoming.carry(length, baudRate, nowUs);
    this.#later.push({ atUs, act: () => this.#plan.protocol.receive(bytes, this) });
  }

  /** Sends what is due. @returns time of the next thing to do */
  advance(nowUs: number): number {
    this.#nowUs = nowUs;
    this.#drain();
    for (let at = 0; at < this.#later.length; ) {
      const [due] = (this.#later[at]?.atUs ?? Infinity) <= nowUs ? this.#later.splice(at, 1) : [];
      if (due === undefined) at += 1;
      else due.act(nowUs);
    }
    this.#obey();
    const laterUs = this.#later.reduce((soonest, { atUs }) => Math.min(soonest, atUs), Number.POSITIVE_INFINITY);
    if (this.#memory.get('isConnected') === 0)
      return this.#wantsConnection ? Math.min(laterUs, this.#greet()) : laterUs;
    return Math.min(laterUs, this.#repeat(), this.#sendMessages());
  }

  connected(): void {
    if (this.#memory.get('isConnected') === 1) return;
    this.#memory.set('isConnected', 1);
    this.#memory.add('connections', 1);
    this.#nextDueUs = this.#nowUs;
    this.#writeUnanswered();
  }

  disconnected(): void {
    if (!this.#wantsConnection) return;
    this.#memory.set('isConnected', 0);
  }

  acknowledged(id: number): void {
    if (this.#unanswered[id] !== 1) return;
    this.#unanswered[id] = 0;
    this.#inFlight -= 1;
    this.#memory.add('acknowledged', 1);
    this.#memory.countLatency(this.#nowUs - this.#memory.sentAtUs(id));
  }

  refused(id: number): void {
    if (this.#unanswered[id] !== 1) return;
    this.#memory.add('refused', 1);
    this.#later.push({ atUs: this.#nowUs + REFUSED_PAUSE_US, act: () => this.#write(this.#frames(id, 1)) });
  }

  received(number: number, answer: Uint8Array): void {
    if (number > 0) this.#countReceived(number);
    else if (this.#plan.ring === undefined) this.#memory.add('received', 1);
    const baudRate = this.#memory.get('baudRate');
    if (baudRate === 0) return this.#write(answer);
    const atUs = this.#outgoing.carry(answer.length, baudRate, this.#nowUs);
    this.#later.push({ atUs, act: () => this.#write(answer) });
  }

  slept(): void {
    this.#memory.add('wakings', 1);
  }

  #countReceived(number: number): void {
    const step = (number - this.#lastReceived + IDS) % IDS;
    if (step === 0 || step > IDS / 2) return this.#memory.add('duplicates', 1);
    if (step > 1) this.#memory.add('disordered', 1);
    this.#lastReceived = number;
    this.#memory.add('received', 1);
  }

  #obey(): void {
    const command = this.#memory.get('command');
    if (command === COMMAND.none) return;
    const { protocol } = this.#plan;
    this.#memory.set('command', COMMAND.none);
    if (command === COMMAND.connect && protocol.greeting !== undefined) {
      this.#memory.set('isConnected', 0);
      this.#nextGreetingUs = 0;
    }
    const bytes = command === COMMAND.sleep ? protocol.sleep : command === COMMAND.wake ? protocol.wake : undefined;
    this.#wantsConnection = command === COMMAND.connect;
    if (bytes !== undefined) this.#write(bytes);
  }

  #greet(): number {
    const { protocol, greetEveryUs } = this.#plan;
    const { greeting } = protocol;
    if (greeting !== undefined && this.#nowUs >= this.#nextGreetingUs) {
      this.#nextGreetingUs = this.#nowUs + greetEveryUs;
      this.#write(greeting);
    }
    return this.#nextGreetingUs;
  }

  #repeat(): number {
    if (this.#inFlight === 0) return Number.POSITIVE_INFINITY;
    if (this.#nowUs >= this.#nextRepeatUs) this.#writeUnanswered();
    return this.#nextRepeatUs;
  }

  #writeUnanswered(): void {
    this.#nextRepeatUs = this.#nowUs + this.#memory.get('repeatMs') * 1000;
    if (this.#inFlight === 0) return;
    for (let id = 1; id <= IDS; id += 1) if (this.#unanswered[id] === 1) this.#write(this.#frames(id, 1));
  }

  #sendMessages(): number {
    const { ring } = this.#plan;
    const memory = this.#memory;
    if (ring === undefined || this.wantsToWrite || this.#isLineBusy) return Number.POSITIVE_INFINITY;
    const perKs = memory.get('perKs');
    const baudRate = memory.get('baudRate');
    const sent = memory.get('sent');
    let count = Math.min(memory.get('window') - this.#inFlight, memory.get('limit') - sent, BURST_MAX);
    if (perKs > 0 || baudRate > 0) count = Math.min(count, 1);
    if (count <= 0) return Number.POSITIVE_INFINITY;
    if (perKs > 0) {
      if (perKs !== this.#perKs) this.#nextDueUs = this.#nowUs + (Math.random() * 1e9) / perKs; // links are not in step
      this.#perKs = perKs;
      if (this.#nowUs < this.#nextDueUs) return this.#nextDueUs;
      // A message that is late does not make the next ones early.
      this.#nextDueUs = Math.max(this.#nextDueUs, this.#nowUs - 1e9 / perKs) + 1e9 / perKs;
    }
    const id = ((this.#plan.startAt + sent) % IDS) + 1;
    count = Math.min(count, IDS + 1 - id);
    for (let offset = 0; offset < count; offset += 1) {
      this.#unanswered[id + offset] = 1;
      memory.sent(id + offset, this.#nowUs);
    }
    this.#inFlight += count;
    this.#nextRepeatUs = this.#nowUs + this.#memory.get('repeatMs') * 1000;
    memory.add('sent', count);
    if (baudRate === 0) {
      this.#write(this.#frames(id, count));
      return perKs > 0 ? this.#nextDueUs : this.#nowUs;
    }
    const atUs = this.#outgoing.carry(ring.frameBytes, baudRate, this.#nowUs);
    this.#isLineBusy = true;
    this.#later.push({ atUs, act: () => this.#release(id) });
    return atUs;
  }

  #release(id: number): void {
    this.#isLineBusy = false;
    this.#write(this.#frames(id, 1));
  }

  #frames(id: number, count: number): Uint8Array {
    const { ring } = this.#plan;
    if (ring === undefined) throw new Error('a link without messages');
    return ring.bytes.subarray((id - 1) * ring.frameBytes, (id - 1 + count) * ring.frameBytes);
  }

  #write(bytes: Uint8Array): void {
    this.#unwritten.push(bytes);
    if (this.#unwritten.length === 1) this.#drain();
  }

  #drain(): void {
    for (let [bytes] = this.#unwritten; bytes !== undefined; [bytes] = this.#unwritten) {
      let written = 0;
      try {
        written = writeSync(this.fd, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
      this.#memory.add('bytesWritten', written);
      if (written < bytes.length) {
        this.#unwritten[0] = bytes.subarray(written);
        return;
      }
      this.#unwritten.shift();
    }
  }
}
