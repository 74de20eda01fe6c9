/** Sections `[telemetry]` and `[remote]`: off by default, and no topic of the gateway is a topic of a subdevice. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';

const LINK = `[[link]]
name = "l"
path = "/dev/ttyAMA0"
`;

const generic = (keys: string, hub = '', unknown = false): string => `[gateway]
name = "g"
accept_unknown_subdevices = ${unknown}
[hub]
profile = "generic"
host = "hub"
${hub}
${LINK}[[subdevice]]
id = "meter"
${keys}`;

const mainland = (keys: string): string => `[gateway]
name = "g"
[hub]
profile = "mainland"
host = "hub"
product_id = "GGGGGGGGGG"
device_name = "gw"
device_secret_file = "/s"
${LINK}[[subdevice]]
id = "meter"
product_id = "PPPPPPPPPP"
device_name = "m"
${keys}`;

function parse(text: string) {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(parsed.problems.map(({ path, what }) => `${path} ${what}`).join('\n'));
  return parsed.config;
}

function problemsOf(text: string): string[] {
  const parsed = parseConfig(text);
  return parsed.ok ? [] : parsed.problems.map(({ path, what, hint }) => `${path} ${what}. ${hint}`);
}

describe('[telemetry]', () => {
  it('is off by default', () => {
    expect(parse(generic('')).telemetry).toBeUndefined();
    expect(parse(generic('[telemetry]\nevery_minutes = 5')).telemetry).toBeUndefined();
  });

  it('fills the placeholders of the topic', () => {
    expect(parse(generic('[telemetry]\ntopic = "holdfast/{gateway}/health"')).telemetry).toEqual({
      ...{ topic: 'holdfast/g/health', everyMinutes: 15, onChange: true, retain: false },
    });
    const own = '[telemetry]\ntopic = "{product_id}/{device_name}/health"\nevery_minutes = 1\non_change = false';
    expect(parse(mainland(own)).telemetry).toEqual({
      ...{ topic: 'GGGGGGGGGG/gw/health', everyMinutes: 1, onChange: false, retain: false },
    });
  });

  it.each([
    ['a wildcard', generic('[telemetry]\ntopic = "a/+"'), /^telemetry\.topic is not a topic for PUBLISH: .*wildcard/],
    ['a topic of the hub', generic('[telemetry]\ntopic = "$SYS/a"'), /it begins with \$/],
    ['an unknown placeholder', generic('[telemetry]\ntopic = "{subdevice}/a"'), /has \{subdevice\}, which is not/],
    ['an identity with profile generic', generic('[telemetry]\ntopic = "{product_id}/a"'), /has \{product_id\}/],
    [
      'a topic of a subdevice',
      generic('[telemetry]\ntopic = "{gateway}/meter/health"'),
      /is "g\/meter\/health", which is a topic of the subdevice "meter"/,
    ],
    [
      'a topic of an unknown subdevice',
      generic('[telemetry]\ntopic = "{gateway}/x/health"', '', true),
      /is a topic of an unknown subdevice/,
    ],
    [
      'a topic of a subdevice at the hub',
      mainland('[telemetry]\ntopic = "PPPPPPPPPP/m/health"'),
      /is a topic of the subdevice "meter"/,
    ],
    [
      'the topic of another key',
      generic('[telemetry]\ntopic = "holdfast/resync"', 'resync_topic = "holdfast/resync"'),
      /which hub\.resync_topic also uses/,
    ],
    ['RETAIN at a hub without it', mainland('[telemetry]\ntopic = "a"\nretain = true'), /^telemetry\.retain is true/],
    ['a key without effect', generic('[telemetry]\nretain = true'), /has no effect: topic is missing/],
    [
      'a small limit of the hub',
      generic('[telemetry]\ntopic = "a"', 'payload_bytes_max = 4095'),
      /needs a payload limit of at least 4096 bytes/,
    ],
    ['too many levels', mainland('[telemetry]\ntopic = "1/2/3/4/5/6/7/8"'), /it has more than 6 slashes/],
    ['too many minutes', generic('[telemetry]\ntopic = "a"\nevery_minutes = 1441'), /^telemetry\.every_minutes/],
  ])('%s is a problem', (_, text, words) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(words)]);
  });

  it('topics beside those of subdevices are valid', () => {
    expect(problemsOf(generic('[telemetry]\ntopic = "{gateway}/meter"'))).toEqual([]);
    expect(problemsOf(generic('[telemetry]\ntopic = "{gateway}/other/health"'))).toEqual([]);
    expect(problemsOf(generic('[telemetry]\ntopic = "a"', 'payload_bytes_max = 4096'))).toEqual([]);
  });
});

const TOPICS = 'request_topic = "h/{gateway}/request"\nanswer_topic = "h/{gateway}/answer"\n';

describe('[remote]', () => {
  it('is off by default', () => {
    expect(parse(generic('')).remote).toBeUndefined();
    expect(parse(generic('[remote]\nrequests_per_minute = 5')).remote).toBeUndefined();
  });

  it('has topics of its own, or calls of the hub', () => {
    const remote = { commands: ['status'], requestsPerMinute: 10, reportFirmware: false };
    expect(parse(generic(`[remote]\ncommands = ["status"]\n${TOPICS}`)).remote).toEqual({
      ...remote,
      topics: { request: 'h/g/request', answer: 'h/g/answer' },
    });
    expect(parse(mainland('[remote]\ncommands = ["status"]')).remote).toEqual({ ...remote, topics: undefined });
    expect(parse(mainland('[remote]\nreport_firmware = true')).remote).toEqual({
      ...{ commands: [], requestsPerMinute: 10, reportFirmware: true, topics: undefined },
    });
  });

  it.each([
    ['an unknown command', generic(`[remote]\ncommands = ["reboot"]\n${TOPICS}`), [/^remote\.commands/]],
    [
      'commands without topics',
      generic('[remote]\ncommands = ["status"]'),
      [/^remote\.request_topic is missing: the hub has no calls/, /^remote\.answer_topic is missing/],
    ],
    [
      'one topic of two',
      mainland('[remote]\ncommands = ["status"]\nrequest_topic = "h/request"'),
      [/^remote\.answer_topic is missing: requests and answers need topics/],
    ],
    ['topics without commands', generic(`[remote]\n${TOPICS}`), [/request_topic has no effect/, /answer_topic has no/]],
    [
      'answers on the topic of the requests',
      generic('[remote]\ncommands = ["status"]\nrequest_topic = "h"\nanswer_topic = "h"'),
      [/^remote\.answer_topic is "h", which remote\.request_topic also uses/],
    ],
    [
      'answers on the topic of the telemetry',
      generic(`[telemetry]\ntopic = "h/g/answer"\n[remote]\ncommands = ["status"]\n${TOPICS}`),
      [/^remote\.answer_topic is "h\/g\/answer", which telemetry\.topic also uses/],
    ],
    [
      'a topic of a subdevice',
      generic('[remote]\ncommands = ["status"]\nrequest_topic = "g/meter/cmd"\nanswer_topic = "h"'),
      [/^remote\.request_topic is "g\/meter\/cmd", which is a topic of the subdevice "meter"/],
    ],
    ['firmware at any broker', generic('[remote]\nreport_firmware = true'), [/^remote\.report_firmware is true/]],
    ['too many requests', mainland('[remote]\ncommands = ["status"]\nrequests_per_minute = 61'), [/per_minute/]],
  ])('%s is a problem', (_, text, words) => {
    expect(problemsOf(text)).toEqual(words.map((word) => expect.stringMatching(word)));
  });
});
