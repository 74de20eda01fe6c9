/** TLS keys: the resulting settings, and the conflicts between them. */
import { describe, expect, it } from 'vitest';
import type { HubConfig } from '../../../src/config/hub/hub-config.ts';
import type { Problem } from '../../../src/config/kinds/problem.ts';
import { parseConfig } from '../../../src/config/parse.ts';

const REST = `[gateway]\nname = "gw"\n[[link]]\nname = "a"\npath = "/dev/a"\n`;
const GENERIC = { profile: 'generic', host: 'hub.example' };
const DEVICE = { profile: 'intl', host: 'hub.example', product_id: 'ABCDEFGHIJ', device_name: 'gw' };
const SECRET = { device_secret_file: '/secret' };
const PAIR = { tls_certificate_file: '/c.pem', tls_key_file: '/k.pem' };
const PINS = ['A', 'B'].map((letter) => `${letter.repeat(43)}=`);

type Table = Readonly<Record<string, unknown>>;

function parsed(hub: Table): HubConfig | readonly Problem[] {
  const own = hub.profile === 'generic' ? '' : '\nproduct_id = "ABCDEFGHIJ"\ndevice_name = "sub"';
  const keys = Object.entries(hub).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const result = parseConfig(`${REST}[[subdevice]]\nid = "x"${own}\n[hub]\n${keys.join('\n')}`);
  return result.ok ? result.config.hub : result.problems;
}

describe('the configuration of TLS', () => {
  it.each([
    ['is off on port 1883 by default', GENERIC, { port: 1883, tls: { kind: 'off' } }],
    [
      'is on, on port 8883, for the name of the host and the authorities of this machine',
      { ...GENERIC, tls: 'on' },
      { port: 8883, tls: { kind: 'on', serverName: 'hub.example', caFile: undefined, pins: [], client: undefined } },
    ],
    [
      'is on, with all its keys set',
      { ...GENERIC, ...PAIR, tls: 'on', port: 1, tls_ca_file: '/ca.pem', tls_server_name: 'other', tls_pins: PINS },
      {
        port: 1,
        tls: {
          kind: 'on',
          ...{ serverName: 'other', caFile: '/ca.pem', pins: PINS },
          client: { certificateFile: '/c.pem', keyFile: '/k.pem' },
        },
      },
    ],
    [
      'is psk, with the device secret, and a user name without a password',
      { ...DEVICE, ...SECRET, tls: 'psk' },
      {
        port: 8883,
        tls: { kind: 'psk', secretFile: '/secret' },
        credentials: { kind: 'device', deviceSecretFile: undefined },
        clientId: 'ABCDEFGHIJgw',
      },
    ],
    [
      'is by certificate, which needs no secret',
      { ...DEVICE, ...PAIR, tls: 'on' },
      { credentials: { kind: 'device', deviceSecretFile: undefined } },
    ],
    [
      'is by certificate and by signature if there is a secret',
      { ...DEVICE, ...PAIR, ...SECRET, tls: 'on' },
      { credentials: { kind: 'device', deviceSecretFile: '/secret' } },
    ],
  ])('is %s', (_, hub, decided) => {
    expect(parsed(hub)).toMatchObject(decided);
  });

  it.each<[string, Table, string[]]>([
    ['a certificate needs its key', { ...GENERIC, tls: 'on', tls_certificate_file: '/c' }, ['hub.tls_key_file']],
    ['a key needs its certificate', { ...GENERIC, tls: 'on', tls_key_file: '/k' }, ['hub.tls_certificate_file']],
    ['a single pin is not enough', { ...GENERIC, tls: 'on', tls_pins: PINS.slice(1) }, ['hub.tls_pins']],
    ['two pins must differ', { ...GENERIC, tls: 'on', tls_pins: [PINS[0], PINS[0]] }, ['hub.tls_pins']],
    ['a pin must be a SHA-256', { ...GENERIC, tls: 'on', tls_pins: ['AAAA', PINS[0]] }, ['hub.tls_pins[0]']],
    [
      'a server name is no address with a scheme',
      { ...GENERIC, tls: 'on', tls_server_name: 'https://h' },
      ['hub.tls_server_name'],
    ],
    [
      'a key of TLS needs TLS',
      { ...GENERIC, ...PAIR, tls_ca_file: '/ca', tls_server_name: 'x', tls_pins: PINS },
      ['hub.tls_ca_file', 'hub.tls_server_name', 'hub.tls_certificate_file', 'hub.tls_key_file', 'hub.tls_pins'],
    ],
    [
      'a shared key excludes an authority',
      { ...DEVICE, ...SECRET, tls: 'psk', tls_ca_file: '/ca' },
      ['hub.tls_ca_file'],
    ],
    ['a shared key needs a secret', { ...DEVICE, tls: 'psk' }, ['hub.device_secret_file']],
    ['a shared key excludes a generic hub', { ...GENERIC, tls: 'psk' }, ['hub.tls']],
    ['tls is off, on or psk', { ...GENERIC, tls: 'insecure' }, ['hub.tls']],
  ])('has %s', (_, hub, paths) => {
    expect([parsed(hub)].flat()).toMatchObject(paths.map((path) => ({ path })));
  });
});
