/** The configuration that `holdfast init` writes: valid for every driver and profile, without a secret. */
import { describe, expect, it } from 'vitest';
import { answerProblem, type InitAnswers } from '../../../src/cli/init/init-answers.ts';
import { starterConfig } from '../../../src/cli/init/starter-config.ts';
import { PROFILES } from '../../../src/config/hub/profiles.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { DRIVERS } from '../../../src/driver/drivers.ts';

const IDENTITY = { productId: 'ABCDEFGHIJ', deviceName: 'gw-01' };
const NONE = { productId: undefined, deviceName: undefined };

function answers(profile: (typeof PROFILES)[number], drivers: readonly string[]): InitAnswers {
  const isGeneric = profile === 'generic';
  return {
    ...{
      name: 'gw-1',
      profile,
      host: 'hub.example.net',
      port: 8884,
      tls: 'on',
      username: isGeneric ? 'user' : undefined,
    },
    ...(isGeneric ? NONE : IDENTITY),
    secretFile: '/etc/holdfast/hub-secret',
    links: drivers.map((driver, index) => ({
      ...{ name: `field-${index}`, path: `usb:0403:6001:A${index}:00`, baudRate: 9600, driver },
      subdevice: {
        id: `device-${index}`,
        ...(isGeneric ? NONE : { productId: 'KLMNOPQRST', deviceName: `d${index}` }),
      },
    })),
  };
}

describe('a first configuration', () => {
  const cases = PROFILES.flatMap((profile) => DRIVERS.map(({ name }) => [profile, name] as const));

  it.each(cases)('for %s and %s is valid', (profile, driver) => {
    const parsed = parseConfig(starterConfig(answers(profile, [driver])));
    expect(parsed.ok ? [] : parsed.problems).toEqual([]);
    if (!parsed.ok) return;
    expect(parsed.config.links[0]).toMatchObject({ driver, baudRate: 9600, allowedSubdevices: ['device-0'] });
    expect(parsed.config.hub).toMatchObject({ host: 'hub.example.net', port: 8884, tls: { kind: 'on' } });
  });

  it('has a link for each port, and each serves its own subdevice', () => {
    const parsed = parseConfig(
      starterConfig(
        answers(
          'generic',
          DRIVERS.map(({ name }) => name),
        ),
      ),
    );
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect(parsed.config.links.map(({ allowedSubdevices }) => allowedSubdevices)).toEqual([
      ['device-0'],
      ['device-1'],
      ['device-2'],
    ]);
  });
});

describe('an answer', () => {
  it.each([
    ['hub.host', 'hub.example.net', undefined],
    ['hub.host', 'http://a b', 'Allowed: host name or address, without scheme and port.'],
    ['hub.profile', 'other', 'Allowed: "generic", "intl", "mainland".'],
    ['link.baud_rate', 5, 'Allowed: integer, 300 to 4000000.'],
    ['subdevice.id', 'a/b', 'Allowed: 1 to 64 letters, digits, - or _.'],
  ])('for %s, %j, is checked by the table of keys', (key, value, problem) => {
    expect(answerProblem(key, value)).toBe(problem);
  });
});
