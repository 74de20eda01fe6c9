/**
 * Firmware transfer of a simulated subdevice, with the decisions of the C client (`hw/client/holdfast_fw.c`) and the same
 * vectors (`hw/vectors/firmware.json`). Messages and time in, messages out.
 *
 *     idle ─OFFER─▶ pulling ─last octet, CRC-32 right─▶ received ─STATE acknowledged─▶ installed
 *       ▲              │ STOP, failure, no answer          │ STOP
 *       └──────────────┴───────────────────────────────────┘
 *
 * GET is sent after each half of the window, and confirms the octets before its offset. A gap, and a silence of `timeoutMs`
 * (doubled up to 16 times), lead to a GET with AGAIN: one for each gap. After `SILENCES_MAX` silences the transfer
 * pauses, and VERSION asks for a new offer. No VERSION follows the STATE `received` before the restart: it would look like
 * the old version after the installation.
 */
import type { Machine } from '../../base/machine.ts';
import type { Qos } from '../../base/message.ts';
import {
  type DeviceFirmwareState,
  decodeFirmwareDown,
  encodeFirmwareUp,
  type FirmwareDownMessage,
  type FirmwareUpMessage,
} from '../../codec/firmware-messages.ts';
import type { OfferMessage, SimulatedFlash } from './simulated-flash.ts';

export interface SubdeviceFirmwareOptions {
  readonly flash: SimulatedFlash;
  /** Number of chunks permitted by a GET, 1 to 255. */
  readonly window?: number;
  /** Largest number of octets of a chunk. The CHUNK must fit in the largest packet. */
  readonly chunkBytes?: number;
  /** Longest silence before the octets are asked for again, ms. */
  readonly timeoutMs?: number;
}

export type FirmwareInput =
  | { readonly kind: 'connected' | 'disconnected' | 'wake' }
  /** Message in `$fw/down`. */
  | { readonly kind: 'received'; readonly payload: Uint8Array }
  /** Answer of the gateway to a publication with QoS 1. */
  | { readonly kind: 'acknowledged' | 'rejected'; readonly reference: number };

export type FirmwareAction =
  /** Publishes a message in `$fw/up`. @property reference 0 for QoS 0 */
  | { readonly kind: 'publish'; readonly payload: Uint8Array; readonly qos: Qos; readonly reference: number }
  /** The image is installed, and the subdevice restarts. @property version version that runs after the restart */
  | { readonly kind: 'installed'; readonly version: string };

type State = 'idle' | 'pulling' | 'received' | 'installed';

/** Number of doublings of the pause before octets are asked for again. */
const DOUBLINGS_MAX = 4;
const SILENCES_MAX = 8;

export class SubdeviceFirmware implements Machine<FirmwareInput, FirmwareAction> {
  readonly #flash: SimulatedFlash;
  readonly #window: number;
  readonly #chunkBytes: number;
  readonly #timeoutMs: number;
  #actions: FirmwareAction[] = [];
  #nowMs = 0;
  #isConnected = false;
  #state: State = 'idle';
  #offer: OfferMessage | undefined;
  /** Offset of the next octet. */
  #offset = 0;
  /** Number of chunks taken since the last GET. */
  #taken = 0;
  /** Time of the last GET or of the last chunk taken. */
  #progressMs = 0;
  #silences = 0;
  /** True if the next GET asks for octets again. */
  #isLost = false;
  #isGapReported = false;
  #lastReference = 0;
  /** References of unacknowledged publications. 0: none. */
  #versionReference = 0;
  #stateReference = 0;
  /** True if the STATE `received` waits for the acknowledgement of VERSION. */
  #isStateDue = false;

  constructor({ flash, window = 8, chunkBytes = 128, timeoutMs = 2000 }: SubdeviceFirmwareOptions) {
    this.#flash = flash;
    this.#window = window;
    this.#chunkBytes = chunkBytes;
    this.#timeoutMs = timeoutMs;
  }

  /** True while the subdevice should stay connected for a transfer. */
  get isActive(): boolean {
    return this.#state === 'pulling' || this.#state === 'received';
  }

  wakeAtMs(): number | undefined {
    if (!this.#isConnected || this.#state !== 'pulling') return undefined;
    return this.#progressMs + this.#timeoutMs * 2 ** Math.min(this.#silences, DOUBLINGS_MAX);
  }

  handle(input: FirmwareInput, nowMs: number): FirmwareAction[] {
    this.#nowMs = nowMs;
    switch (input.kind) {
      case 'connected':
        this.#isConnected = true;
        this.#isLost = true; // chunks of an earlier connection do not arrive
        this.#restartTimer();
        // while it installs, the old version would say that the installation has failed
        if (this.#state === 'idle' || this.#state === 'pulling') this.#sendVersion();
        break;
      case 'disconnected':
        this.#isConnected = false;
        break;
      case 'wake':
        if (nowMs >= (this.wakeAtMs() ?? Number.POSITIVE_INFINITY)) this.#endSilence();
        break;
      case 'received': {
        const message = decodeFirmwareDown(input.payload);
        if (message.ok) this.#receive(message.value);
        break;
      }
      case 'acknowledged':
      case 'rejected':
        this.#answered(input.kind, input.reference);
        break;
    }
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  #receive(message: FirmwareDownMessage): void {
    if (message.kind === 'offer') this.#receiveOffer(message);
    else if (message.image !== this.#offer?.image) return;
    else if (message.kind === 'chunk') this.#receiveChunk(message);
    else if (this.isActive) this.#state = 'idle';
  }

  #receiveOffer(offer: OfferMessage): void {
    const isSame = offer.image === this.#offer?.image && offer.size === this.#offer.size;
    if (offer.size === 0) return;
    if (isSame && this.#state === 'pulling') return this.#get();
    if (isSame && this.#state === 'received') return;
    if (isSame && this.#state === 'installed') return this.#sendState('received');
    this.#state = 'idle';
    this.#offer = offer;
    const refusal = this.#flash.refusalOf(offer);
    if (refusal !== undefined) return this.#sendState('refused', refusal);
    this.#offset = this.#flash.resume(offer);
    this.#state = 'pulling';
    if (this.#offset === offer.size) return this.#verify(offer);
    this.#isLost = true; // the gateway may have sent more octets before a restart
    this.#restartTimer();
    this.#get();
  }

  #receiveChunk({ offset, octets }: Extract<FirmwareDownMessage, { kind: 'chunk' }>): void {
    const offer = this.#offer;
    if (offer === undefined || this.#state !== 'pulling') return;
    if (octets.length > this.#chunkBytes || offset + octets.length > offer.size || offset < this.#offset) return;
    if (offset > this.#offset) return this.#reportGap();
    if (!this.#flash.write(offset, octets)) return this.#fail('writing to the flash failed');
    this.#offset += octets.length;
    this.#taken += 1;
    this.#restartTimer();
    if (this.#offset === offer.size) this.#verify(offer);
    else if (this.#taken * 2 >= this.#window) this.#get();
  }

  #reportGap(): void {
    if (this.#isGapReported) return;
    this.#isLost = true;
    this.#get();
    this.#isGapReported = true;
  }

  #verify({ image }: OfferMessage): void {
    if (this.#flash.crc32() !== image) {
      this.#flash.discard();
      return this.#fail('the CRC-32 of the image is wrong');
    }
    this.#state = 'received';
    this.#isStateDue = this.#versionReference !== 0;
    if (!this.#isStateDue) this.#sendState('received');
  }

  #endSilence(): void {
    this.#silences += 1;
    if (this.#silences > SILENCES_MAX) {
      this.#state = 'idle';
      return this.#sendVersion();
    }
    this.#isLost = true;
    this.#get();
  }

  #answered(kind: 'acknowledged' | 'rejected', reference: number): void {
    if (reference === this.#versionReference) {
      this.#versionReference = 0;
      if (this.#isStateDue && this.#state === 'received') this.#sendState('received');
      return;
    }
    if (reference !== this.#stateReference) return;
    this.#stateReference = 0;
    if (this.#state !== 'received' || this.#offer === undefined) return;
    this.#state = 'idle';
    if (kind === 'rejected') return;
    if (!this.#flash.install(this.#offer)) return this.#fail('installing the image failed');
    this.#state = 'installed';
    this.#actions.push({ kind: 'installed', version: this.#flash.version });
  }

  #fail(reason: string): void {
    this.#state = 'idle';
    this.#sendState('failed', reason);
  }

  #restartTimer(): void {
    this.#progressMs = this.#nowMs;
    this.#silences = 0;
    this.#isGapReported = false;
  }

  #get(): void {
    if (this.#offer === undefined) return;
    const { image } = this.#offer;
    const [window, chunkBytes, offset, isAgain] = [this.#window, this.#chunkBytes, this.#offset, this.#isLost];
    this.#progressMs = this.#nowMs;
    this.#taken = 0;
    this.#isLost = false;
    this.#isGapReported = false;
    this.#publish({ kind: 'get', isAgain, window, chunkBytes, image, offset }, 0);
  }

  /** Sends VERSION. An unacknowledged one is sent again by the exchange. */
  #sendVersion(): void {
    if (this.#versionReference !== 0) return;
    this.#versionReference = this.#publish({ kind: 'version', version: this.#flash.version }, 1);
  }

  #sendState(state: DeviceFirmwareState, reason = ''): void {
    if (this.#offer === undefined) return;
    this.#stateReference = this.#publish({ kind: 'state', state, image: this.#offer.image, reason }, 1);
  }

  /** @returns reference of the publication, 0 for QoS 0 */
  #publish(message: FirmwareUpMessage, qos: Qos): number {
    if (qos === 1) this.#lastReference += 1;
    const reference = qos === 1 ? this.#lastReference : 0;
    this.#actions.push({ kind: 'publish', payload: encodeFirmwareUp(message), qos, reference });
    return reference;
  }
}
