/** Telnet with the COM-PORT option: settings are confirmed before data flow, and no bytes of a server break it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ComPortClient, type ComPortEvent, escaped, isTelnetGreeting } from '../../../src/codec/rfc2217.ts';

const SETTINGS = { baudRate: 19_200, dataBits: 8, parity: 'even', stopBits: 1 } as const;
const [IAC, DONT, DO, WONT, WILL, SB, SE] = [255, 254, 253, 252, 251, 250, 240];
const COM_PORT = 44;
const answer = (command: number, ...values: number[]): number[] => [IAC, SB, COM_PORT, command, ...values, IAC, SE];
const RATE = answer(101, 0, 0, 75, 0);
const CONFIRMED = [...RATE, ...answer(102, 8), ...answer(103, 3), ...answer(104, 1)];

const sentBy = (events: readonly ComPortEvent[]): number[] =>
  events.flatMap((event) => (event.kind === 'send' ? [...event.bytes] : []));
const kinds = (events: readonly ComPortEvent[]): string[] =>
  events.flatMap(({ kind }) => (kind === 'send' ? [] : [kind]));
const lineOf = (events: readonly ComPortEvent[]): number[] =>
  events.flatMap((event) => (event.kind === 'line' ? [...event.bytes] : []));

function ready(): ComPortClient {
  const client = new ComPortClient(SETTINGS);
  client.start();
  client.receive(Uint8Array.from([IAC, DO, COM_PORT, ...CONFIRMED]));
  return client;
}

describe('a COM-PORT client', () => {
  it('offers the option, sends its settings when it is accepted, and is ready when all are confirmed', () => {
    const client = new ComPortClient(SETTINGS);
    const opening = Buffer.from(sentBy(client.start()));
    expect(opening.includes(Buffer.from([IAC, WILL, COM_PORT]))).toBe(true);
    const settings = Buffer.from(sentBy(client.receive(Uint8Array.from([IAC, DO, COM_PORT]))));
    for (const one of [answer(1, 0, 0, 75, 0), answer(2, 8), answer(3, 3), answer(4, 1)])
      expect(settings.includes(Buffer.from(one)), String(one)).toBe(true);
    expect(kinds(client.receive(Uint8Array.from([...RATE, ...answer(102, 8), ...answer(103, 3)])))).toEqual([]);
    expect(kinds(client.receive(Uint8Array.from(answer(104, 1))))).toEqual(['ready']);
  });

  it('passes on no byte before it is ready, and every byte after, also 0xFF and across pieces', () => {
    const client = new ComPortClient(SETTINGS);
    client.start();
    expect(lineOf(client.receive(Uint8Array.from([1, 2])))).toEqual([]);
    client.receive(Uint8Array.from([IAC, DO, COM_PORT, ...CONFIRMED]));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 7 }), (bytes, size) => {
        const wire = escaped(bytes);
        const got: number[] = [];
        for (let at = 0; at < wire.length; at += size) got.push(...lineOf(client.receive(wire.slice(at, at + size))));
        expect(got).toEqual([...bytes]);
      }),
    );
  });

  it.each([
    ['refuses the option', [IAC, DONT, COM_PORT], /does not support the COM-PORT option/],
    [
      'sets another speed',
      [IAC, DO, COM_PORT, ...answer(101, 0, 0, 37, 128)],
      /does not accept 19200 baud: the port has 9600/,
    ],
    ['sets another parity', [IAC, DO, COM_PORT, ...RATE, ...answer(102, 8), ...answer(103, 1)], /parity/],
    ['sets other data bits', [IAC, DO, COM_PORT, ...answer(102, 7)], /8 data bits: the port has 7/],
    ['sets other stop bits', [IAC, DO, COM_PORT, ...answer(104, 2)], /1 stop bits: the port has 2/],
  ])('fails with the reason if the server %s', (_, bytes, reason) => {
    const client = new ComPortClient(SETTINGS);
    client.start();
    const failed = client.receive(Uint8Array.from(bytes)).find(({ kind }) => kind === 'failed');
    expect(failed).toMatchObject({ reason: expect.stringMatching(reason) });
  });

  it('changes the speed when the server confirms it, and keeps the bytes of the two speeds apart', () => {
    const client = ready();
    expect(sentBy(client.setSpeed(9600))).toEqual(answer(1, 0, 0, 37, 128));
    const events = client.receive(Uint8Array.from([65, 66, ...answer(101, 0, 0, 37, 128), 67]));
    expect(events).toEqual([
      { kind: 'line', bytes: Uint8Array.of(65, 66) },
      { kind: 'speedSet', baudRate: 9600 },
      { kind: 'line', bytes: Uint8Array.of(67) },
    ]);
  });

  it.each([
    ['keeps its speed', [0, 0, 75, 0], 'does not accept the change to 9600 baud: the port has 19200'],
    ['names no speed', [0, 0, 0, 0], 'does not accept the change to 9600 baud'],
  ])('fails with the reason if the server %s at a change', (_, speed, reason) => {
    const client = ready();
    client.setSpeed(9600);
    expect(client.receive(Uint8Array.from(answer(101, ...speed)))).toEqual([{ kind: 'failed', reason }]);
  });

  it('ignores a speed that the server names without a change', () => {
    const client = ready();
    expect(client.receive(Uint8Array.from(RATE))).toEqual([]);
  });

  it('counts line errors', () => {
    const client = ready();
    client.receive(Uint8Array.from([...answer(106, 0x08), ...answer(106, 0x04 | 0x02), ...answer(106, 0x10)]));
    expect(client.errors).toEqual({ framing: 1, parity: 1, overruns: 1, breaks: 1 });
  });

  it('refuses other options, and answers an option that is on with nothing, so no loop begins', () => {
    const client = ready();
    expect(sentBy(client.receive(Uint8Array.from([IAC, DO, 24, IAC, WILL, 1])))).toEqual([IAC, WONT, 24, IAC, DONT, 1]);
    expect(sentBy(client.receive(Uint8Array.from([IAC, WILL, 0, IAC, DO, 0, IAC, WONT, 99, IAC, DONT, 98])))).toEqual(
      [],
    );
  });

  it('lowers and raises DTR and RTS', () => {
    const client = ready();
    expect([...client.modemLines('low')]).toEqual([...answer(5, 9), ...answer(5, 12)]);
    expect([...client.modemLines('high')]).toEqual([...answer(5, 8), ...answer(5, 11)]);
  });

  it('is total over all bytes, and keeps a bounded part of an endless subnegotiation', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (pieces) => {
        const client = new ComPortClient(SETTINGS);
        client.start();
        for (const piece of pieces) client.receive(piece);
      }),
    );
    const client = ready();
    client.receive(Uint8Array.from([IAC, SB, COM_PORT]));
    client.receive(new Uint8Array(1_000_000).fill(65));
    expect(lineOf(client.receive(Uint8Array.from([IAC, SE, 66])))).toEqual([66]);
  });
});

it('the greeting of telnet is two options, and nothing else', () => {
  const [WILL, BINARY] = [251, 0];
  expect(isTelnetGreeting(Uint8Array.from([IAC, WILL, BINARY, IAC, DO, COM_PORT, 7]))).toBe(true);
  for (const bytes of [
    [IAC, WILL, BINARY],
    [IAC, WILL, BINARY, IAC, IAC, 1],
    [IAC, IAC, 1, IAC, DO, COM_PORT],
    [0x20, IAC, WILL, BINARY, IAC, DO, COM_PORT],
    [IAC, 0xf0, 1, IAC, 0xf0, 1],
  ])
    expect(isTelnetGreeting(Uint8Array.from(bytes)), String(bytes)).toBe(false);
});
