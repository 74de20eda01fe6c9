import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bracketed, hostAndPort } from '../../../src/base/host-and-port.ts';
import { serverOf } from '../../../src/io/firmware/image-request.ts';
import { peerOf } from '../../../src/io/tcp.ts';

const SRC = join(import.meta.dirname, '../../../src');

it.each([
  ['::1', '[::1]:18443'],
  ['2001:db8::7', '[2001:db8::7]:18443'],
  ['fe80::1%eth0', '[fe80::1%eth0]:18443'],
  ['127.0.0.1', '127.0.0.1:18443'],
  ['images.example', 'images.example:18443'],
])('only an IPv6 address is in brackets: %s', (host, text) => {
  expect(hostAndPort({ host, port: 18_443 })).toBe(text);
  expect(peerOf({ host, port: 18_443, via: ' x' })).toBe(`${text} x`);
  expect(`${bracketed(host)}:18443`).toBe(text);
});

it('the server of an image and its proxy are written so', () => {
  const proxy = { host: '::2', port: 3128, login: undefined } as unknown as Parameters<typeof serverOf>[1]['proxy'];
  expect(peerOf(serverOf(new URL('https://[::1]:18443/x'), { proxy }))).toBe(
    '[::1]:18443 through the proxy [::2]:3128',
  );
});

it('no other source file joins a host and a port', () => {
  const joins = /\}:\$\{[\w.#]*[pP]ort\w*\}/;
  expect(joins.test(['`$', '{hub.host}:$', '{hub.port} accepts`'].join('')), 'negative control').toBe(true);
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const found = files.filter((file) => joins.test(readFileSync(join(SRC, file), 'utf8')));
  expect(found).toEqual(['base/host-and-port.ts']);
});
