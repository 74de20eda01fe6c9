import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backoff } from '../../../../src/base/backoff.ts';
import { seededRandom } from '../../../../src/base/random.ts';
import { type Signing, signCredentials, signPassword } from '../../../../src/hub/client/credentials.ts';

const SECRET = 'AAECAwQFBgcICQoLDA0ODw==';
const SIGNING: Signing = {
  productId: 'ABCDEFGHIJ',
  deviceName: 'gw-01',
  deviceSecret: SECRET,
  method: 'hmacsha256',
};

describe('the signature', () => {
  // Computed from the documented algorithm of the hub with the hmac module of Python, over the user name of its
  // example.
  it.each([
    ['hmacsha256', 'b6802338409ef9411e2c6d0363656455a8ebb42540760aefb67c5bd38434e7b0;hmacsha256'],
    ['hmacsha1', 'd0249149a767f0ae6819828848a2bef33469b226;hmacsha1'],
  ] as const)('%s equals the golden vector', (method, password) => {
    const username = 'ABCDEFGHIJgw-01;12010126;A1B2C;1735689600';
    expect(signPassword({ deviceSecret: SECRET, method }, username)).toBe(password);
  });

  it('is over a user name of client id, application, connection and expiry', () => {
    const wallMs = 1_780_000_000_000;
    const { clientId, username, password } = signCredentials(SIGNING, wallMs, seededRandom(1));
    expect(clientId).toBe('ABCDEFGHIJgw-01');
    expect(username).toMatch(/^ABCDEFGHIJgw-01;12010126;[A-Za-z0-9]{5};1780086400$/);
    expect(new TextDecoder().decode(password)).toBe(signPassword(SIGNING, username ?? ''));
  });

  it('never expires if the clock was never set', () => {
    for (const wallMs of [0, undefined, 1_767_225_599_999])
      expect(signCredentials(SIGNING, wallMs, () => 0).username).toMatch(/;AAAAA;2147483647$/);
  });

  it('does not overflow the expiry if the clock is twenty years ahead', () => {
    expect(signCredentials(SIGNING, 2_500_000_000_000, () => 0).username).toMatch(/;AAAAA;2147483647$/);
  });
});

describe('the back-off', () => {
  const limits = fc.record({
    floorMs: fc.integer({ min: 1, max: 10_000 }),
    ceilingMs: fc.integer({ min: 1, max: 99_999 }),
  });

  it('is never below its floor, nor above a ceiling higher than the floor', () => {
    fc.assert(
      fc.property(limits, fc.integer(), (bounds, seed) => {
        const backoff = new Backoff(bounds, seededRandom(seed));
        for (let turn = 0; turn < 50; turn += 1) {
          const pauseMs = backoff.next();
          expect(pauseMs).toBeGreaterThanOrEqual(bounds.floorMs);
          expect(pauseMs).toBeLessThanOrEqual(Math.max(bounds.floorMs, bounds.ceilingMs));
        }
      }),
    );
  });

  it('starts at the floor again after a success', () => {
    const backoff = new Backoff({ floorMs: 100, ceilingMs: 10_000 }, () => 0.99);
    for (let turn = 0; turn < 9; turn += 1) backoff.next();
    expect(backoff.next()).toBeGreaterThan(9000);
    backoff.reset();
    expect(backoff.next()).toBeLessThanOrEqual(300);
  });
});
