/** CONNECT at the bench hub: credentials against the documents' vectors, and the return codes. */
import { createHmac } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import { credentialCode } from '../../../../src/bench/hub/signed-credentials.ts';
import type { Connect } from '../../../../src/codec/mqtt.ts';
import { HubRig } from './bench-hub-rig.ts';

function passwordOf(secret: string, username: string): string {
  return `${createHmac('sha256', Buffer.from(secret, 'base64')).update(username).digest('hex')};hmacsha256`;
}

describe('credentials', () => {
  // Test vectors computed by hand from the documented algorithm: secret, user name, password.
  const secrets = new Map([['ABCDEFGHIJgw-01', 'AAECAwQFBgcICQoLDA0ODw==']]);
  const username = 'ABCDEFGHIJgw-01;12010126;A1B2C;1735689600';
  const sha256 = 'b6802338409ef9411e2c6d0363656455a8ebb42540760aefb67c5bd38434e7b0;hmacsha256';
  const sha1 = 'd0249149a767f0ae6819828848a2bef33469b226;hmacsha1';
  const beforeMs = 1_735_689_600_000;

  /** Returns a user name with another expiry, and its password. */
  function named(expiry: string, middle = '12010126;A1B2C'): { username: string; password: string } {
    const text = `ABCDEFGHIJgw-01;${middle};${expiry}`;
    return { username: text, password: passwordOf('AAECAwQFBgcICQoLDA0ODw==', text) };
  }

  function code(fields: { clientId?: string; username?: string; password?: string; wallMs?: number }): number {
    const connect: Connect = {
      kind: 'connect',
      clientId: fields.clientId ?? 'ABCDEFGHIJgw-01',
      cleanSession: false,
      keepAliveS: 60,
      username: fields.username ?? username,
      password: new TextEncoder().encode(fields.password ?? sha256),
      will: undefined,
    };
    return credentialCode(connect, secrets, fields.wallMs ?? beforeMs);
  }

  test.each([
    ['HMAC-SHA256 is accepted', {}, 0],
    ['HMAC-SHA1 is accepted', { password: sha1 }, 0],
    ['a token with a changed digit is rejected', { password: sha256.replace('b6', 'b7') }, 4],
    ['an upper-case token is rejected', { password: sha256.replace('b6802338409ef', 'B6802338409EF') }, 4],
    ['a token with the name of the other method is rejected', { password: sha256.replace('sha256', 'sha1') }, 4],
    ['a missing password is rejected', { password: '' }, 4],
    ['a missing user name is rejected', { username: '' }, 4],
    ['the user name of another device is rejected', { username: username.replace('gw-01', 'gw-02') }, 4],
    ['an expired signature is rejected', { wallMs: beforeMs + 1 }, 4],
    ['the expiry of the C SDK, which never comes, is accepted', named('9223372036854775807'), 0],
    ['the expiry of the Python SDK, in ms instead of s, is accepted as a distant time', named('1735689600000'), 0],
    ['an expiry that is not a number is rejected', named('soon'), 4],
    ['another sdkappid and connid are accepted', named('1735689600', '21010406;zZ9zZ'), 0],
    ['an unknown device is rejected with another code', { clientId: 'ABCDEFGHIJgw-02' }, 3],
  ])('%s', (_name, fields, returnCode) => {
    expect(code(fields)).toBe(returnCode);
  });

  it('are required in CONNECT, and a rejection leaves no session', () => {
    const rig = new HubRig({ credentials: secrets }, beforeMs);
    const refused = rig.connect('ABCDEFGHIJgw-01', { username, password: new TextEncoder().encode('no') });
    expect(rig.connack(refused)).toMatchObject({ returnCode: 4 });
    expect(rig.ended.has(refused)).toBe(true);
    expect(rig.session('ABCDEFGHIJgw-01')).toBeUndefined();
    const admitted = rig.connect('ABCDEFGHIJgw-01', { username, password: new TextEncoder().encode(sha256) });
    expect(rig.connack(admitted)).toMatchObject({ returnCode: 0 });
  });

  it('a secret from before a new registration of the device gets code 5, and a wrong secret still code 4', () => {
    const rig = new HubRig({ credentials: secrets }, beforeMs);
    rig.administer({ kind: 'register', device: { product: 'ABCDEFGHIJ', device: 'gw-01' }, secret: 'bmV3' });
    const codeOf = (password: string): unknown =>
      rig.connack(rig.connect('ABCDEFGHIJgw-01', { username, password: new TextEncoder().encode(password) }));
    expect(codeOf(sha256)).toMatchObject({ returnCode: 5 });
    expect(codeOf(sha256.replace('b6', 'b7'))).toMatchObject({ returnCode: 4 });
    expect(codeOf(passwordOf('bmV3', username))).toMatchObject({ returnCode: 0 });
  });

  it('a device that is registered while the hub runs is accepted', () => {
    const rig = new HubRig({ credentials: new Map() });
    const later = 'PRODUCTnew;12010126;A1B2C;1735689600';
    const fields = { username: later, password: new TextEncoder().encode(passwordOf('bmV3', later)) };
    expect(rig.connack(rig.connect('PRODUCTnew', fields))).toMatchObject({ returnCode: 3 });
    rig.administer({ kind: 'register', device: { product: 'PRODUCT', device: 'new' }, secret: 'bmV3' });
    expect(rig.connack(rig.connect('PRODUCTnew', fields))).toMatchObject({ returnCode: 0 });
  });

  it('a subdevice cannot connect without its gateway', () => {
    const rig = new HubRig({ associations: [{ gateway: 'GP', subdevice: 'SP' }] });
    expect(rig.connack(rig.connect('SPone'))).toMatchObject({ returnCode: 3 });
    expect(rig.connack(rig.connect('GPgd'))).toMatchObject({ returnCode: 0 });
  });
});

describe('a rule for CONNECT where the documents say nothing', () => {
  test.each([3, 4] as const)('a wrong password gets code %i', (wrongPasswordCode) => {
    const rig = new HubRig({ wrongPasswordCode, credentials: new Map([['GPgd', 'AAEC']]) });
    const fields = { username: 'GPgd;12010126;A1B2C;9999999999', password: new TextEncoder().encode('no;hmacsha1') };
    expect(rig.connack(rig.connect('GPgd', fields))).toMatchObject({ returnCode: wrongPasswordCode });
  });

  it('a keep alive out of range gets a return code, or a close', () => {
    const coded = new HubRig({ keepAliveSMin: 60, keepAliveRefusal: 2 });
    expect(coded.connack(coded.connect('gw', { keepAliveS: 59 }))).toMatchObject({ returnCode: 2 });
    const closing = new HubRig({ keepAliveSMin: 60, keepAliveRefusal: 'close' });
    const connection = closing.connect('gw', { keepAliveS: 59 });
    expect(closing.sentTo(connection)).toEqual([]);
    expect(closing.ended.has(connection)).toBe(true);
  });

  test.each([
    ['ignored', false, 0],
    ['published', false, 1],
    ['close', true, 0],
  ] as const)('a will: %s', (wills, isClosed, published) => {
    const rig = new HubRig({ wills });
    const watcher = rig.connect('watcher');
    rig.subscribe(watcher, 'p/d/will');
    const will = { topic: 'p/d/will', payload: new Uint8Array(), qos: 1, retain: false } as const;
    const connection = rig.connect('gw', { will });
    expect(rig.ended.has(connection)).toBe(isClosed);
    rig.cut(connection);
    expect(rig.messagesTo(watcher)).toHaveLength(published);
  });

  test.each([
    ['wipes', false, []],
    ['spares', true, ['p/d/control']],
  ] as const)(
    'a clean session that takes over a connection %s its lasting session',
    (cleanTakeover, isPresent, filters) => {
      const rig = new HubRig({ cleanTakeover });
      rig.subscribe(rig.connect('gw'), 'p/d/control');
      const clean = rig.connect('gw', { cleanSession: true });
      expect(rig.connack(clean)).toMatchObject({ sessionPresent: false });
      rig.fromApplication('p/d/control');
      expect(rig.messagesTo(clean)).toEqual([]);
      rig.cut(clean);
      const lasting = rig.connect('gw');
      expect(rig.connack(lasting)).toMatchObject({ sessionPresent: isPresent });
      expect(rig.session('gw')?.subscriptions.map(({ filter }) => filter)).toEqual(filters);
      expect(rig.messagesTo(lasting)).toHaveLength(filters.length);
    },
  );
});
