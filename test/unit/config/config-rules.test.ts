/** Rules across keys of the configuration: each case breaks a valid file in one place and names the key. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';

const GATEWAY = '[gateway]\nname = "shed-3"';
const GENERIC = '[hub]\nprofile = "generic"\nhost = "h"';
const MAINLAND =
  '[hub]\nprofile = "mainland"\nhost = "h"\nproduct_id = "ABCDEFGHIJ"\ndevice_name = "gw"\ndevice_secret_file = "/s"';
const LINK = '[[link]]\nname = "a"\npath = "/dev/a"';
const OTHER_LINK = '[[link]]\nname = "b"\npath = "/dev/b"';
const SUBDEVICE = '[[subdevice]]\nid = "x"';
const BOUND = `${SUBDEVICE}\nproduct_id = "KLMNOPQRST"\ndevice_name = "sub"`;

function blamed(...sections: string[]): string[] {
  const parsed = parseConfig(sections.join('\n'));
  return parsed.ok ? [] : parsed.problems.map((problem) => problem.path);
}

describe('valid files', () => {
  it.each([
    { of: 'a generic hub', sections: [GATEWAY, GENERIC, LINK, SUBDEVICE] },
    { of: 'a hub profile', sections: [GATEWAY, MAINLAND, LINK, BOUND] },
    { of: 'unknown subdevices only', sections: [`${GATEWAY}\naccept_unknown_subdevices = true`, GENERIC, LINK] },
    {
      of: 'a subdevice tied to one of two links',
      sections: [GATEWAY, GENERIC, LINK, OTHER_LINK, `${SUBDEVICE}\nlink = "b"`],
    },
    { of: 'an allow list', sections: [GATEWAY, GENERIC, `${LINK}\nsubdevices = ["x"]`, SUBDEVICE] },
    {
      of: 'a custom topic template',
      sections: [GATEWAY, `${GENERIC}\ntopic_template = "site/{subdevice}/up/{topic}"`, LINK, SUBDEVICE],
    },
  ])('with $of have no problem', ({ sections }) => {
    expect(blamed(...sections)).toEqual([]);
  });
});

describe('links and subdevices', () => {
  it.each([
    { rule: 'there is a link', sections: [SUBDEVICE], path: 'link' },
    { rule: 'at least one subdevice is served', sections: [LINK], path: 'subdevice' },
    {
      rule: 'names of links differ',
      sections: [LINK, OTHER_LINK.replace('"b"', '"a"'), SUBDEVICE],
      path: 'link[1].name',
    },
    {
      rule: 'paths of links differ',
      sections: [LINK, OTHER_LINK.replace('/b', '/a'), SUBDEVICE],
      path: 'link[1].path',
    },
    { rule: 'ids of subdevices differ', sections: [LINK, SUBDEVICE, SUBDEVICE], path: 'subdevice[1].id' },
    {
      rule: 'a subdevice is tied to a link that exists',
      sections: [LINK, `${SUBDEVICE}\nlink = "z"`],
      path: 'subdevice[0].link',
    },
    {
      rule: 'an allow list names subdevices that exist',
      sections: [`${LINK}\nsubdevices = ["x", "z"]`, SUBDEVICE],
      path: 'link[0].subdevices[1]',
    },
    {
      rule: 'an allow list names each once',
      sections: [`${LINK}\nsubdevices = ["x", "x"]`, SUBDEVICE],
      path: 'link[0].subdevices[1]',
    },
    {
      rule: 'an allow list names no subdevice of another link',
      sections: [`${LINK}\nsubdevices = ["x"]`, OTHER_LINK, `${SUBDEVICE}\nlink = "b"`],
      path: 'link[0].subdevices[0]',
    },
    {
      rule: 'every subdevice is served by a link',
      sections: [`${LINK}\nsubdevices = ["x"]`, SUBDEVICE, SUBDEVICE.replace('"x"', '"y"')],
      path: 'subdevice[1].id',
    },
    {
      rule: 'no link has the name of the hub',
      sections: [LINK.replace('"a"', '"hub"'), SUBDEVICE],
      path: 'link[0].name',
    },
    {
      rule: 'delays of RTS need RS-485',
      sections: [`${LINK}\nrs485_after_ms = 1`, SUBDEVICE],
      path: 'link[0].rs485_after_ms',
    },
    {
      rule: '7 data bits are for text',
      sections: [`${LINK}\ndata_bits = 7`, SUBDEVICE],
      path: 'link[0].data_bits',
    },
    {
      rule: 'predefined ids differ',
      sections: [`${LINK}\npredefined_topics = [{ id = 1, topic = "t" }, { id = 1, topic = "u" }]`, SUBDEVICE],
      path: 'link[0].predefined_topics[1].id',
    },
    {
      rule: 'a predefined topic is no filter',
      sections: [`${LINK}\npredefined_topics = [{ id = 1, topic = "t/#" }]`, SUBDEVICE],
      path: 'link[0].predefined_topics[0].topic',
    },
    {
      rule: 'a generic subdevice has no identity at the hub',
      sections: [LINK, `${SUBDEVICE}\ndevice_name = "d"`],
      path: 'subdevice[0].device_name',
    },
  ])('$rule', ({ sections, path }) => {
    expect(blamed(GATEWAY, GENERIC, ...sections)).toEqual([path]);
  });

  it('an unreadable link does not invalidate references to it', () => {
    expect(blamed(GATEWAY, GENERIC, '[[link]]\nname = "a"', `${SUBDEVICE}\nlink = "a"`)).toEqual(['link[0].path']);
  });
});

describe('the hub section', () => {
  it.each([
    ['product_id = "ABCDEFGHIJ"', 'hub.product_id'],
    ['sign_method = "hmacsha1"', 'hub.sign_method'],
    ['bind = "auto"', 'hub.bind'],
    ['operations_batch_max = 1', 'hub.operations_batch_max'],
    ['password_file = "/p"', 'hub.username'],
    ['reconnect_floor_ms = 90000', 'hub.reconnect_ceiling_ms'],
  ])('with profile generic rejects %s', (line, path) => {
    expect(blamed(GATEWAY, `${GENERIC}\n${line}`, LINK, SUBDEVICE)).toEqual([path]);
  });

  it.each([
    ['client_id = "c"', 'hub.client_id'],
    ['username = "u"', 'hub.username'],
    ['keep_alive_s = 59', 'hub.keep_alive_s'],
    ['keep_alive_s = 691', 'hub.keep_alive_s'],
    ['messages_per_s = 21', 'hub.messages_per_s'],
    ['messages_per_s = 0', 'hub.messages_per_s'],
    ['payload_bytes_max = 16385', 'hub.payload_bytes_max'],
    ['payload_bytes_max = 511', 'hub.payload_bytes_max'],
    ['reconnect_floor_ms = 4999', 'hub.reconnect_floor_ms'],
    ['subscriptions_max = 101', 'hub.subscriptions_max'],
    ['subscriptions_max = 0', 'hub.subscriptions_max'],
  ])('with profile mainland rejects %s', (line, path) => {
    expect(blamed(GATEWAY, `${MAINLAND}\n${line}`, LINK, BOUND)).toEqual([path]);
  });

  it.each(['product_id', 'device_name', 'device_secret_file'])('with profile mainland requires %s', (key) => {
    const without = MAINLAND.split('\n').filter((line) => !line.startsWith(key));
    expect(blamed(GATEWAY, without.join('\n'), LINK, BOUND)).toEqual([`hub.${key}`]);
  });

  it.each(['intl', 'mainland'])(
    'with profile %s there is no RETAIN; generic has it, and so has a file without the key',
    (profile) => {
      const parsed = parseConfig(
        [GATEWAY, `${MAINLAND.replace('mainland', profile)}\nretain = true`, LINK, BOUND].join('\n'),
      );
      expect(parsed).toMatchObject({
        ok: false,
        problems: [{ path: 'hub.retain', what: `is true, and hub.profile is "${profile}"`, hint: expect.any(String) }],
      });
      for (const line of ['retain = false', ''])
        expect(blamed(GATEWAY, `${MAINLAND}\n${line}`, LINK, BOUND)).toEqual([]);
      expect(blamed(GATEWAY, `${GENERIC}\nretain = true`, LINK, SUBDEVICE)).toEqual([]);
    },
  );

  it('with a hub profile serves only configured subdevices', () => {
    const paths = blamed(`${GATEWAY}\naccept_unknown_subdevices = true`, MAINLAND, LINK, BOUND);
    expect(paths).toEqual(['gateway.accept_unknown_subdevices']);
  });

  it('with a hub profile requires the identity of every subdevice', () => {
    expect(blamed(GATEWAY, MAINLAND, LINK, SUBDEVICE)).toEqual(['subdevice[0].product_id', 'subdevice[0].device_name']);
  });

  it('with a hub profile rejects an identity that occurs twice or is the gateway’s own', () => {
    const twin = BOUND.replace('"x"', '"y"');
    const itself = BOUND.replace('"x"', '"z"').replace('KLMNOPQRST', 'ABCDEFGHIJ').replace('"sub"', '"gw"');
    const paths = blamed(GATEWAY, MAINLAND, LINK, BOUND, twin, itself);
    expect(paths).toEqual(['subdevice[1].device_name', 'subdevice[2].device_name']);
  });
});

describe('the envelope', () => {
  const SMALL = `${GENERIC}\npayload_bytes_max = 1000`;
  it.each([
    {
      rule: 'names of members differ',
      sections: [GENERIC, '[outbox]\nenvelope = "json"\n[outbox.envelope_names]\nage_ms = "seq"', LINK],
      path: 'outbox.envelope_names.seq',
    },
    {
      rule: 'names of members have a form',
      sections: [GENERIC, '[outbox.envelope_names]\npayload = "a b"', LINK],
      path: 'outbox.envelope_names.payload',
    },
    {
      rule: 'names of members are known',
      sections: [GENERIC, '[outbox.envelope_names]\ntime = "t"', LINK],
      path: 'outbox.envelope_names.time',
    },
    { rule: 'the hub has room', sections: [SMALL, '[outbox]\nenvelope = "json"', LINK], path: 'outbox.envelope' },
    {
      rule: 'the hub has room for those of a link',
      sections: [SMALL, `${LINK}\nenvelope = "fields"`],
      path: 'link[0].envelope',
    },
    { rule: 'the form is known', sections: [GENERIC, '[outbox]\nenvelope = "jsonl"', LINK], path: 'outbox.envelope' },
  ])('$rule', ({ sections, path }) => {
    expect(blamed(GATEWAY, ...sections, SUBDEVICE)).toEqual([path]);
  });

  it('that is off needs no room', () => {
    expect(blamed(GATEWAY, SMALL, `${LINK}\nenvelope = "none"`, SUBDEVICE)).toEqual([]);
  });
});
