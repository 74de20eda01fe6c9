/** The request for a tunnel and the answers of a proxy: complete, in pieces, hostile, and in words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ANSWER_BYTES_MAX,
  type ProxyAnswer,
  proxyRefusal,
  readProxyAnswer,
  tunnelRequest,
} from '../../../../src/io/route/proxy-answer.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const LOGIN = { username: 'gw', password: 'pä:ss' };

function answerTo(text: string): ProxyAnswer {
  const reading = readProxyAnswer(bytes(text));
  if (reading.kind !== 'answer') throw new Error(`the reading is ${reading.kind}`);
  return reading;
}

describe('the request for a tunnel', () => {
  it('names the hub twice, and has no login by default', () => {
    expect(tunnelRequest('hub.example:443', undefined)).toBe(
      'CONNECT hub.example:443 HTTP/1.1\r\nHost: hub.example:443\r\n\r\n',
    );
  });

  it('has the user name and the password in UTF-8, joined by a colon (RFC 7617)', () => {
    const [, value = ''] = /Proxy-Authorization: Basic (\S+)\r\n\r\n$/.exec(tunnelRequest('h:1', LOGIN)) ?? [];
    expect(Buffer.from(value, 'base64').toString('utf8')).toBe('gw:pä:ss');
  });
});

describe('the answer of a proxy', () => {
  it('is complete at the empty line, and the bytes after it belong to the tunnel', () => {
    const answer = answerTo('HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n\x16\x03');
    expect(answer).toMatchObject({ status: 200, phrase: 'Connection established', schemes: [] });
    expect([...answer.rest]).toEqual([0x16, 0x03]);
  });

  it('follows interim answers, and 101 is none', () => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\nLink: x\n\n';
    expect(readProxyAnswer(bytes(interim))).toEqual({ kind: 'more' });
    expect(readProxyAnswer(bytes(interim.slice(0, -1)))).toEqual({ kind: 'more' });
    const answer = answerTo(`${interim}HTTP/1.1 200 OK\r\n\r\n\x16`);
    expect(answer).toMatchObject({ status: 200, phrase: 'OK' });
    expect([...answer.rest]).toEqual([0x16]);
    expect(answerTo('HTTP/1.1 101 Switching Protocols\r\n\r\n')).toMatchObject({ status: 101 });
    const many = interim.repeat(Math.ceil(ANSWER_BYTES_MAX / interim.length));
    expect(readProxyAnswer(bytes(many)).kind).toBe('invalid');
  });

  it.each(['HTTP/1.0 200 OK\n\n', 'HTTP/1.1 200\r\n\r\n', 'HTTP/1.1 299 \r\nA:\r\n\r\n'])(
    'opens a tunnel: %j',
    (text) => {
      expect(proxyRefusal(answerTo(text), 'h:1', undefined)).toBeUndefined();
    },
  );

  it.each(['HTTP/2 200 OK\r\n\r\n', 'SSH-2.0-x\r\n', '\x16\x03\x01', 'HTTP/1.1 20 OK\r\n\r\n', '\r\n\r\n'])(
    'is not HTTP: %j',
    (text) => {
      expect(readProxyAnswer(bytes(text))).toEqual({ kind: 'invalid', problem: 'does not answer in HTTP' });
    },
  );

  it('may have as many bytes as the limit, and not one more', () => {
    const start = 'HTTP/1.1 200 OK\r\nX: ';
    const head = (length: number): string => `${start}${'x'.repeat(length - start.length)}\r\n\r\n`;
    expect(readProxyAnswer(bytes(head(ANSWER_BYTES_MAX - 1))).kind).toBe('answer');
    expect(readProxyAnswer(bytes(head(ANSWER_BYTES_MAX))).kind).toBe('answer');
    expect(readProxyAnswer(bytes(head(ANSWER_BYTES_MAX + 1))).kind).toBe('invalid');
    const open = (length: number): string => start.padEnd(length, 'x');
    expect(readProxyAnswer(bytes(open(ANSWER_BYTES_MAX))).kind).toBe('more');
    expect(readProxyAnswer(bytes(open(ANSWER_BYTES_MAX + 1))).kind).toBe('invalid');
  });

  it('shows no control character of the proxy, and only a part of its words', () => {
    const { phrase } = answerTo(`HTTP/1.1 403 a\x1b[2Jb\x00${'c'.repeat(200)}\r\n\r\n`);
    expect(phrase).toBe(`a?[2Jb?${'c'.repeat(73)}`);
  });

  it('names the kinds of authentication, in any spelling', () => {
    const fields =
      'proxy-authenticate: Negotiate\r\nPROXY-AUTHENTICATE:NTLM xyz\r\nProxy-Authenticate: Basic realm="a"';
    const answer = answerTo(`HTTP/1.1 407 No\r\n${fields}\r\n\r\n`);
    expect(answer.schemes).toEqual(['negotiate', 'ntlm', 'basic']);
    expect(proxyRefusal(answer, 'h:1', LOGIN)).toBe('does not accept the user name and the password (407 No)');
  });

  it('never shows the password, for any last status', () => {
    for (const status of [101, ...Array.from({ length: 400 }, (_, index) => 200 + index)]) {
      const words = proxyRefusal(answerTo(`HTTP/1.1 ${status} x\r\n\r\n`), 'h:1', LOGIN) ?? '';
      expect(words).not.toContain(LOGIN.password);
      expect(words === '').toBe(status >= 200 && status < 300);
    }
  });

  it('of any bytes never throws, and reads the same in any pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (tail, cut) => {
        const whole = Buffer.concat([bytes('HTTP/1.1 200 OK\r\n'), tail]);
        const first = readProxyAnswer(whole.subarray(0, cut));
        if (first.kind === 'more') return;
        const { kind } = readProxyAnswer(whole);
        expect(kind).toBe(first.kind);
      }),
    );
  });
});
