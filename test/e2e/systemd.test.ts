/** Notifications to systemd: on a real datagram socket, bound here by the C library since Node has none. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notifySystemd, statusOf } from '../../src/io/systemd.ts';

const libc = koffi.load(null);
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)');
const receive = libc.func('intptr_t recv(int fd, _Out_ uint8_t *bytes, size_t length, int flags)');
const close = libc.func('int close(int fd)');
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

let fd = -1;
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-notify-'));
  fd = socket(AF_UNIX, SOCK_DGRAM, 0);
});
afterEach(() => {
  close(fd);
  rmSync(directory, { recursive: true });
});

function listenOn(name: string): void {
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(name)]);
  expect(bind(fd, address, address.length)).toBe(0);
}

/** Received datagrams; a datagram on this machine has arrived when the sender's call returns. */
function received(): string | undefined {
  const buffer = Buffer.alloc(1024);
  const length = Number(receive(fd, buffer, buffer.length, MSG_DONTWAIT));
  return length < 0 ? undefined : buffer.toString('utf8', 0, length);
}

describe('systemd', () => {
  it('receives every state, in order, before the call returns', () => {
    const path = join(directory, 'notify');
    listenOn(path);
    notifySystemd('READY=1\nSTATUS=hub online', { NOTIFY_SOCKET: path });
    notifySystemd('STOPPING=1', { NOTIFY_SOCKET: path });
    expect([received(), received(), received()]).toEqual(['READY=1\nSTATUS=hub online', 'STOPPING=1', undefined]);
  });

  it('receives them on an abstract socket too', () => {
    const name = `holdfast-${process.pid}`;
    listenOn(`\0${name}`);
    notifySystemd('READY=1', { NOTIFY_SOCKET: `@${name}` });
    expect(received()).toBe('READY=1');
  });

  it.each([
    {},
    { NOTIFY_SOCKET: '' },
    { NOTIFY_SOCKET: '/nowhere/notify', PATH: '/nowhere' },
    { NOTIFY_SOCKET: 'x'.repeat(200), PATH: '' },
  ])('can be missing, and nothing is thrown: %j', (env) => {
    expect(() => notifySystemd('READY=1', env)).not.toThrow();
  });

  it('receives a status as one line, for any content', () => {
    expect(statusOf('link a\nREADY=1\u0000')).toBe('STATUS=link a READY=1 ');
  });
});
