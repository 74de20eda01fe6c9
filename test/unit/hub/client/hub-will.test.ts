/** Will of the gateway in CONNECT, and when the hub discards it. */
import { describe, expect, it } from 'vitest';
import { encodeMqtt } from '../../../../src/codec/mqtt-wire.ts';
import { blankPassword } from '../../../../src/hub/client/blank-password.ts';
import { HubBench } from './hub-rig.ts';

const WILL = { topic: 'holdfast/gw/state', payload: 'offline' };
/** The will on the wire. */
const SENT = { topic: WILL.topic, payload: new TextEncoder().encode('offline'), qos: 1, retain: true } as const;

describe('the will', () => {
  it('is in each CONNECT, with QoS 1 and RETAIN', () => {
    const bench = new HubBench({ will: WILL }).input({ kind: 'start' }, { kind: 'opened' });
    bench.input({ kind: 'closed', reason: 'gone' }).pass(10_000);
    bench.input({ kind: 'opened' });
    expect(bench.sent()).toMatchObject([{ will: SENT }, { will: SENT }]);
  });

  it('has its flags and fields at the positions of the standard [MQTT-3.1.2-8] [MQTT-3.1.3-10]', () => {
    const hello = { kind: 'connect', clientId: 'gw', cleanSession: false, keepAliveS: 60 } as const;
    const bytes = encodeMqtt({ ...hello, username: 'u', password: Uint8Array.of(0x70), will: SENT });
    const flags = 0b1110_1100; // user name, password, RETAIN, QoS 1, will; CleanSession=0
    const text = (value: string) => [0, value.length, ...Buffer.from(value)];
    expect([...bytes.subarray(2)]).toEqual([
      ...[...text('MQTT'), 4, flags, 0, 60],
      ...[...text('gw'), ...text('holdfast/gw/state'), ...text('offline'), ...text('u'), ...text('p')],
    ]);
  });

  it('is readable in a recording, and the password is not', () => {
    const hello = { kind: 'connect', clientId: 'gw', cleanSession: false, keepAliveS: 60 } as const;
    const secret = encodeMqtt({ ...hello, username: 'user', password: Buffer.from('pass'), will: SENT });
    const blanked = Buffer.from(blankPassword(new Uint8Array(secret))).toString('latin1');
    expect(blanked).toBe(Buffer.from(secret).toString('latin1').replace('pass', 'xxxx'));
  });

  it('is discarded by a DISCONNECT only, so a connection that is left without one ends in the will', () => {
    for (const disconnects of [true, false]) {
      const bench = new HubBench({ will: WILL }).online();
      bench.input({ kind: 'leave', reason: 'the gateway stops', disconnects });
      expect(bench.sent()).toEqual(disconnects ? [{ kind: 'disconnect' }] : []);
      expect(bench.asked()).toEqual(['close: the gateway stops']);
    }
  });

  it('survives the renewal of a password, because the next CONNECT may fail; without a will there is a DISCONNECT', () => {
    for (const will of [WILL, undefined]) {
      const bench = new HubBench({ will }).online();
      bench.input({ kind: 'renew' });
      expect(bench.sent()).toEqual(will === undefined ? [{ kind: 'disconnect' }] : []);
      expect(bench.asked()).toEqual(['close: the password is renewed']);
    }
  });
});
