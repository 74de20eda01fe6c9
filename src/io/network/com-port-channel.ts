/**
 * Serial port by telnet with RFC 2217, over a TCP channel: opens when the server has confirmed speed, data bits, parity
 * and stop bits, and closes with the server's reason if it does not.
 */
import { ComPortClient, type ComPortEvent, type ComPortSettings, escaped } from '../../codec/rfc2217.ts';
import type { Channel, ChannelListener, LineErrors, OpenChannel } from '../../ports.ts';
import { openTcp, peerOf, type TcpOptions } from '../tcp.ts';
import type { SetModemLines } from './toggles.ts';

export interface ComPortOptions {
  readonly tcp: TcpOptions;
  readonly settings: ComPortSettings;
  /** Called with the change of the modem lines while the port is open, and with `undefined` after. */
  readonly toggles: (set: SetModemLines | undefined) => void;
}

export function openComPort(options: ComPortOptions): OpenChannel {
  return (listener) => new ComPortChannel(options, listener);
}

class ComPortChannel implements Channel {
  readonly #options: ComPortOptions;
  readonly #listener: ChannelListener;
  readonly #client: ComPortClient;
  readonly #tcp: Channel;
  #isReady = false;
  #isChanging = false;
  #deadline: NodeJS.Timeout | undefined;

  constructor(options: ComPortOptions, listener: ChannelListener) {
    this.#options = options;
    this.#listener = listener;
    this.#client = new ComPortClient(options.settings);
    this.#tcp = openTcp(options.tcp)({
      opened: () => this.#connected(),
      bytes: (bytes) => this.#act(this.#client.receive(bytes)),
      closed: (reason) => this.#closed(reason),
    });
  }

  get queuedBytes(): number {
    return this.#tcp.queuedBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.#isReady) this.#tcp.write(escaped(bytes));
  }

  setReading(isReading: boolean): void {
    this.#tcp.setReading?.(isReading);
  }

  lineErrors(): LineErrors | undefined {
    return this.#isReady ? { ...this.#client.errors, bufferOverruns: 0 } : undefined;
  }

  /** A change during another one is a mistake of the caller, and is ignored. */
  setSpeed(baudRate: number): void {
    if (!this.#isReady || this.#isChanging) return;
    this.#isChanging = true;
    this.#expect(`the change to ${baudRate} baud`);
    this.#act(this.#client.setSpeed(baudRate));
  }

  close(reason: string): void {
    this.#tcp.close(reason);
  }

  #connected(): void {
    this.#expect('the settings of the port');
    this.#act(this.#client.start());
  }

  /** @param what subject of the confirmation that the server must send in time */
  #expect(what: string): void {
    const { openMsMax } = this.#options.tcp;
    const late = `${this.#server} did not confirm ${what} within ${openMsMax / 1000} s: is it a telnet port with RFC 2217?`;
    this.#deadline = setTimeout(() => this.#tcp.close(late), openMsMax);
  }

  #act(events: readonly ComPortEvent[]): void {
    for (const event of events)
      switch (event.kind) {
        case 'send':
          this.#tcp.write(event.bytes);
          break;
        case 'line':
          this.#listener.bytes(event.bytes);
          break;
        case 'ready':
          this.#opened();
          break;
        case 'speedSet':
          clearTimeout(this.#deadline);
          this.#isChanging = false;
          this.#listener.speedSet?.(event.baudRate);
          break;
        case 'failed':
          this.#tcp.close(`${this.#server} ${event.reason}`);
          break;
      }
  }

  #opened(): void {
    clearTimeout(this.#deadline);
    this.#isReady = true;
    this.#options.toggles((level) => this.#tcp.write(this.#client.modemLines(level)));
    this.#listener.opened();
  }

  #closed(reason: string): void {
    clearTimeout(this.#deadline);
    if (this.#isReady) this.#options.toggles(undefined);
    this.#isReady = false;
    this.#listener.closed(reason);
  }

  get #server(): string {
    return peerOf(this.#options.tcp);
  }
}
