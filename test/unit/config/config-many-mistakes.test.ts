/** Tests that each mistake is reported, one mistake as one problem without its consequences; and tests of the host. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';

const GENERIC =
  '[gateway]\nname = "g"\n[hub]\nprofile = "generic"\nhost = "h"\n[[link]]\nname = "l"\npath = "/dev/l"\n[[subdevice]]\nid = "x"\n';
const LINES = GENERIC.replace('"/dev/l"', '"/dev/l"\ndriver = "lines"\n[link.lines]\nsubdevice = "x"\ntopic = "t"');

const MODBUS = GENERIC.replace(
  '"/dev/l"',
  '"/dev/l"\ndriver = "modbus"\n[[link.unit]]\nid = "x"\naddress = 7\n[[link.unit.point]]\nname = "p"\ntable = "input"\naddress = 0',
);
const PREDEFINED = GENERIC.replace('"/dev/l"', '"/dev/l"\npredefined_topics = [{ id = 0, topic = "t" }]');

function problemsOf(text: string): { readonly path: string; readonly hint: string }[] {
  const parsed = parseConfig(text);
  return parsed.ok ? [] : [...parsed.problems];
}

describe('one mistake is one problem', () => {
  it.each([
    ['a misspelled required key', GENERIC.replace('host', 'hots'), 'hub.hots'],
    ['a misspelled section', GENERIC.replace('[hub]', '[hubb]'), 'hubb'],
    ['a misspelled gateway', GENERIC.replace('[gateway]', '[gatway]'), 'gatway'],
    ['a misspelled list', GENERIC.replace('[[link]]', '[[lnk]]'), 'lnk'],
    ['the plural of a list', GENERIC.replace('[[subdevice]]', '[[subdevices]]'), 'subdevices'],
    ['single brackets', GENERIC.replace('[[link]]', '[link]'), 'link'],
    ['a misspelled id', GENERIC.replace('id =', 'idd ='), 'subdevice[0].idd'],
    ['a misspelled table of a link', LINES.replace('[link.lines]', '[link.line]'), 'link[0].line'],
    ['a driver that does not exist', LINES.replace('"lines"', '"linse"'), 'link[0].driver'],
    ['tls of another word', GENERIC.replace('"h"', '"h"\ntls = "yes"\ntls_ca_file = "/x"'), 'hub.tls'],
    ['an empty list', GENERIC.replace('"/dev/l"', '"/dev/l"\nsubdevices = ["y"]'), 'link[0].subdevices[0]'],
    ['a point without its table', MODBUS.replace('table = "input"\n', ''), 'link[0].unit[0].point[0].table'],
    ['a unit without its address', MODBUS.replace('address = 7\n', ''), 'link[0].unit[0].address'],
    ['a topic id out of range', PREDEFINED, 'link[0].predefined_topics[0].id'],
    ['a user name misspelled', GENERIC.replace('"h"', '"h"\nusrname = "u"\npassword_file = "/x"'), 'hub.usrname'],
  ])('%s', (_, text, path) => {
    expect(problemsOf(text).map((problem) => problem.path)).toEqual([path]);
  });

  it('two mistakes are two problems', () => {
    const text = GENERIC.replace('host', 'hots').replace('"/dev/l"', '7');
    expect(problemsOf(text).map(({ path }) => path)).toEqual(['hub.hots', 'link[0].path']);
  });
});

describe('a mistake does not hide another one', () => {
  const slipped = (...replacements: (readonly [string, string])[]): string[] =>
    problemsOf(replacements.reduce((text, [from, to]) => text.replace(from, to), MODBUS)).map(({ path }) => path);

  it.each<{ of: string; replacements: (readonly [string, string])[]; paths: string[] }>([
    {
      of: 'a misspelled host and a key of another profile',
      replacements: [['host = "h"', 'hots = "h"\nproduct_id = "ABCDEFGHIJ"']],
      paths: ['hub.hots', 'hub.product_id'],
    },
    {
      of: 'a missing path of a link and a name that occurs twice',
      replacements: [['[[subdevice]]', '[[link]]\nname = "l"\n[[subdevice]]']],
      paths: ['link[1].path', 'link[1].name'],
    },
    {
      of: 'an invalid rate of a link and a subdevice that no link serves',
      replacements: [
        ['path =', 'baud_rate = 1\npath ='],
        ['[[subdevice]]', '[[subdevice]]\nid = "y"\n[[subdevice]]'],
      ],
      paths: ['link[0].baud_rate', 'subdevice[0].id'],
    },
    {
      of: 'an invalid point, its unit, and the address of another unit',
      replacements: [
        ['table = "input"', 'table = "inputs"'],
        ['address = 7', 'address = 7\nstate_topic = "#"'],
        [
          '[[subdevice]]',
          '[[link.unit]]\nid = "y"\naddress = 7\npoint = [{ name = "p", table = "input", address = 0, scale = 0 }]\n[[subdevice]]\nid = "y"\n[[subdevice]]',
        ],
      ],
      paths: [
        'link[0].unit[0].point[0].table',
        'link[0].unit[0].state_topic',
        'link[0].unit[1].point[0].scale',
        'link[0].unit[1].address',
      ],
    },
    {
      of: 'an unreadable subdevice and a link that does not exist',
      replacements: [['[[subdevice]]', '[[subdevice]]\nlink = "z"\n[[subdevice]]']],
      paths: ['subdevice[0].id', 'subdevice[0].link'],
    },
  ])('$of', ({ replacements, paths }) => {
    expect(slipped(...replacements)).toEqual(paths);
  });

  it('a key of [link.lines] and the pattern beside it', () => {
    const text = LINES.replace('topic = "t"', `topic = 7\npattern = "("`);
    expect(problemsOf(text).map(({ path }) => path)).toEqual(['link[0].lines.topic', 'link[0].lines.pattern']);
  });
});

describe('the host', () => {
  it.each(['hub.example', '192.0.2.1', '::1', 'fe80::1%eth0', 'under_score'])('can be %s', (host) => {
    expect(problemsOf(GENERIC.replace('"h"', JSON.stringify(host)))).toEqual([]);
  });

  it.each([
    ['h:1883', 'host = "h", and below it port = 1883'],
    ['mqtt://h', 'host = "h"'],
    ['mqtts://h:8883/', 'host = "h", and below it port = 8883, and below it tls = "on"'],
    ['tcp://user:word@h:1', 'host = "h", and below it port = 1'],
    ['[::1]:1883', 'host = "::1", and below it port = 1883'],
    ['h/path', 'host = "h"'],
  ])('%s is rejected with the correct form', (host, instead) => {
    const problems = problemsOf(GENERIC.replace('"h"', JSON.stringify(host)));
    expect(problems.map(({ path }) => path)).toEqual(['hub.host']);
    expect(problems[0]?.hint).toContain(`: ${instead}.`);
  });
});
