/** Machine of a line with one pulse counter: each octet is an uplink, answered by ACK once it is in custody. */
import type { BackoffLimits } from '../../../../src/base/backoff.ts';
import type { DeviceNote } from '../../../../src/base/device-note.ts';
import type { LinkCounters } from '../../../../src/base/link-counters.ts';
import type { LinkAction, LinkInput, LinkMachine } from '../../../../src/driver/driver.ts';
import { LinkOpening, type LinkState } from '../../../../src/driver/reopen.ts';

export interface PulsesOptions {
  readonly subdevice: string;
  /** Litres of one pulse. */
  readonly litres: number;
  readonly reopen: BackoffLimits;
  readonly random: () => number;
}

const ACK = 0x06;

export class PulsesLink implements LinkMachine {
  private readonly options: PulsesOptions;
  private readonly opening: LinkOpening;
  private isAttached = false;
  private token = 0;
  private bytesIn = 0;
  private receivedAtMs: number | undefined;

  constructor(options: PulsesOptions) {
    this.options = options;
    this.opening = new LinkOpening(options.reopen, options.random);
  }

  get isPolled(): boolean {
    return false;
  }

  get state(): LinkState {
    return this.opening.state;
  }

  get counters(): LinkCounters {
    const none = {
      oversizeFrames: 0,
      malformedPackets: 0,
      unexpectedPackets: 0,
      refusedUplinks: 0,
      duplicates: 0,
      echoes: 0,
    };
    const bytes = { bytesIn: this.bytesIn, bytesOut: 0, framesIn: this.bytesIn, framesOut: 0 };
    return { ...none, ...bytes, openings: this.opening.openings, crcErrors: 0, retries: 0 };
  }

  attachedSubdevices(): readonly string[] {
    return this.isAttached ? [this.options.subdevice] : [];
  }

  lastReceivedAtMs(): number | undefined {
    return this.receivedAtMs;
  }

  unanswered(): ReadonlyMap<string, number> {
    return new Map();
  }

  sleepers(): ReadonlyMap<string, number> {
    return new Map();
  }

  deviceNotes(): ReadonlyMap<string, DeviceNote> {
    return new Map();
  }

  probeable(): readonly string[] {
    return [];
  }

  wakeAtMs(): number | undefined {
    return this.opening.wakeAtMs();
  }

  handle(input: LinkInput, nowMs: number): LinkAction[] {
    const { subdevice } = this.options;
    switch (input.kind) {
      case 'start':
        return this.opening.start();
      case 'stop':
        return this.opening.stop();
      case 'wake':
        return this.opening.wake(nowMs);
      case 'opened':
        this.opening.opened(nowMs);
        return [{ kind: 'attach', subdevice, clean: true, aliveMs: 0, will: undefined }];
      case 'attached':
        this.isAttached = input.answer.accepted;
        return [];
      case 'bytes':
        this.receivedAtMs = nowMs;
        return [...input.bytes].flatMap((count) => this.uplink(count));
      case 'acknowledge':
        return [{ kind: 'write', bytes: new Uint8Array(input.uplinks.length).fill(ACK) }];
      case 'deliver':
        return [{ kind: 'undelivered', token: input.token, why: 'refused', because: 'a pulse counter takes nothing' }];
      case 'probe':
        return [{ kind: 'probed', token: input.token, outcome: { kind: 'not asked', why: 'it cannot be asked' } }];
      case 'closed': {
        this.opening.closed(nowMs);
        const wasAttached = this.isAttached;
        this.isAttached = false;
        return wasAttached ? [{ kind: 'detach', subdevice, cause: 'link closed', aliveUntilMs: undefined }] : [];
      }
      default:
        return [];
    }
  }

  private uplink(count: number): LinkAction[] {
    this.bytesIn += 1;
    this.token += 1;
    const payload = new TextEncoder().encode(String(count * this.options.litres));
    const { subdevice } = this.options;
    return [{ kind: 'uplink', subdevice, topic: 'litres', payload, qos: 1, token: this.token }];
  }
}
