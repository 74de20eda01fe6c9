/** Socket of systemd for notifications: a real datagram socket, bound by the C library since Node has none. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { onTestFinished } from 'vitest';

const libc = koffi.load(null);
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)');
const receive = libc.func('intptr_t recv(int fd, _Out_ uint8_t *bytes, size_t length, int flags)');
const close = libc.func('int close(int fd)');
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
/** The kernel keeps some hundred datagrams at most, so a test that runs long reads them meanwhile. */
const READ_EVERY_MS = 50;

export class NotifySocket {
  readonly path: string;
  readonly #fd: number;
  readonly #received: string[] = [];

  /** @param name abstract name; absent: a path in a folder of its own */
  constructor(name?: string) {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-notify-'));
    this.path = name === undefined ? join(folder, 'notify') : `@${name}`;
    this.#fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    const bytes = Buffer.from(name === undefined ? this.path : `\0${name}`);
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), bytes]);
    if (bind(this.#fd, address, address.length) !== 0) throw new Error(`cannot bind ${this.path}`);
    const reading = setInterval(() => this.#read(), READ_EVERY_MS);
    onTestFinished(() => {
      clearInterval(reading);
      close(this.#fd);
      rmSync(folder, { recursive: true });
    });
  }

  /** All datagrams; one that was sent on this machine has arrived when the sender's call returns. */
  get received(): readonly string[] {
    this.#read();
    return this.#received;
  }

  /** Number of times that the watchdog was fed. */
  get feeds(): number {
    return this.received.filter((state) => state === 'WATCHDOG=1').length;
  }

  #read(): void {
    const buffer = Buffer.alloc(4096);
    for (;;) {
      const length = Number(receive(this.#fd, buffer, buffer.length, MSG_DONTWAIT));
      if (length < 0) return;
      this.#received.push(buffer.toString('utf8', 0, length));
    }
  }
}
