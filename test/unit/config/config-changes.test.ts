/** Changes between two configurations: keys, values, and the parts of the gateway that restart. */
import { describe, expect, it } from 'vitest';
import { type ConfigChange, changesBetween, restartedLinks } from '../../../src/config/config-changes.ts';
import { valuesOf } from '../../../src/config/config-values.ts';
import { effectOf } from '../../../src/config/key-effects.ts';
import { keyRows } from '../../../src/config/key-table.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { GENERIC, HUB, under } from './config-rig.ts';

function loaded(text: string) {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed;
}

const changes = (from: string, to: string): ConfigChange[] => changesBetween(loaded(from), loaded(to));

const SECOND_LINK = '[[link]]\nname = "pumps"\npath = "/dev/ttyUSB1"\nbaud_rate = 9600\n';
const MODBUS = (address: number, more = '') => `
[gateway]
name = "shed-3"
[hub]
profile = "generic"
host = "h"
[[link]]
name = "bus"
path = "/dev/ttyUSB0"
driver = "modbus"
[[link.unit]]
id = "u"
address = 3
[[link.unit.point]]
name = "t"
table = "holding"
address = ${address}
type = "uint16"
[[subdevice]]
id = "u"
${more}`;

describe('a change', () => {
  it('is none if only comments and the order differ', () => {
    expect(changes(GENERIC, `# note\n${GENERIC}`)).toEqual([]);
  });

  it('is none if a default is written', () => {
    expect(
      changes(GENERIC, under('[hub]', 'keep_alive_s = 60\nconnect_ms_max = 10000\nport = 1883\nclient_id = "shed-3"')),
    ).toEqual([]);
  });

  it('of the hub restarts its connection', () => {
    expect(changes(GENERIC, under('[hub]', 'port = 1884\nusername = "u"'))).toEqual([
      { key: 'hub.port', change: 'changed', old: '1883', new: '1884', restarts: 'hub', links: [] },
      { key: 'hub.username', change: 'changed', old: null, new: '"u"', restarts: 'hub', links: [] },
    ]);
  });

  it('of the profile compares with the defaults of the profile', () => {
    const keys = changes(HUB, HUB.replace('mainland', 'intl')).map(({ key }) => key);
    expect(keys).toEqual(['hub.profile', 'hub.messages_per_s', 'hub.topic_slashes_max', 'hub.subscriptions_max']);
  });

  it('of a key of a link restarts this link only', () => {
    const found = changes(GENERIC + SECOND_LINK, GENERIC + SECOND_LINK.replace('9600', '19200'));
    expect(found).toEqual([
      {
        key: 'link[pumps].baud_rate',
        change: 'changed',
        old: '9600',
        new: '19200',
        restarts: 'link',
        links: ['pumps'],
      },
    ]);
    expect([...restartedLinks(found)]).toEqual(['pumps']);
  });

  it('of a term that is read for each message restarts nothing', () => {
    const found = changes(GENERIC, under('[[link]]', 'hold_ms = 50\noverflow = "drop-oldest"'));
    expect(found.map(({ key, restarts, links }) => [key, restarts, links])).toEqual([
      ['link[meters].hold_ms', 'nothing', []],
      ['link[meters].overflow', 'nothing', []],
    ]);
  });

  it('in a list within a link has a place of its own', () => {
    expect(changes(MODBUS(1), MODBUS(2))).toEqual([
      {
        key: 'link[bus].unit[u].point[t].address',
        change: 'changed',
        old: '1',
        new: '2',
        restarts: 'link',
        links: ['bus'],
      },
    ]);
  });

  it('is one for each new or removed entry', () => {
    expect(changes(GENERIC, GENERIC + SECOND_LINK)).toEqual([
      {
        key: 'link[pumps]',
        change: 'added',
        old: null,
        new: '{ name = "pumps", path = "/dev/ttyUSB1", baud_rate = 9600 }',
        restarts: 'link',
        links: ['pumps'],
      },
    ]);
    expect(changes(GENERIC + SECOND_LINK, GENERIC)).toMatchObject([
      { key: 'link[pumps]', change: 'removed', new: null },
    ]);
  });
});

describe('a new subdevice', () => {
  const two = `${GENERIC}[[subdevice]]\nid = "meter-2"\n`;
  const three = `${two}[[subdevice]]\nid = "meter-3"\n`;

  it('restarts nothing if the machine of its link does not depend on the list', () => {
    expect(changes(two, three)).toEqual([
      {
        key: 'subdevice[meter-3]',
        change: 'added',
        old: null,
        new: '{ id = "meter-3" }',
        restarts: 'nothing',
        links: [],
      },
    ]);
  });

  it('is not the reason of a link that restarts for a key of its own', () => {
    const faster = three.replace('path = "/dev/ttyUSB0"', 'path = "/dev/ttyUSB0"\nbaud_rate = 9600');
    expect(changes(two, faster).map(({ key, restarts, links }) => [key, restarts, links])).toEqual([
      ['link[meters].baud_rate', 'link', ['meters']],
      ['subdevice[meter-3]', 'nothing', []],
    ]);
  });

  it('restarts the link whose only subdevice no longer is the only one', () => {
    expect(changes(GENERIC, two)).toMatchObject([{ key: 'subdevice[meter-2]', restarts: 'link', links: ['meters'] }]);
  });
});

describe('the effect of a change', () => {
  it('is known for every key', () => {
    const effects = keyRows().map(({ section, key, restarts }) => [effectOf(section, key), restarts]);
    expect(effects.length).toBeGreaterThan(100);
    for (const [effect, restarts] of effects) expect(restarts).toBe(effect);
  });

  it('is an error for a key without one (negative control)', () => {
    expect(() => effectOf('hub', 'no_such_key')).toThrow('hub.no_such_key has no effect');
  });
});

describe('the values of a key', () => {
  it('have the place of each entry', () => {
    const { sections } = loaded(GENERIC + SECOND_LINK);
    expect(valuesOf(sections, 'link', 'baud_rate')).toEqual([
      { place: 'link[meters].baud_rate', text: '115200' },
      { place: 'link[pumps].baud_rate', text: '9600' },
    ]);
    expect(valuesOf(loaded(MODBUS(7)).sections, 'link.unit.point', 'address')).toEqual([
      { place: 'link[bus].unit[u].point[t].address', text: '7' },
    ]);
  });
});
