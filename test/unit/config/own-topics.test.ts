/** Sections `[telemetry]`, `[remote]`, `[availability]` and `[home_assistant]`: off by default, and no topic of the gateway is a topic of a subdevice. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { warningsOf } from '../../../src/config/warnings.ts';

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

  it('opens sections to the hub, on a topic of its own or by the service of the hub', () => {
    const keys = '[remote]\nconfig = ["outbox", "link"]\nconfig_report_topic = "h/r"';
    const sections = ['outbox', 'link'];
    expect(parse(mainland(keys)).remote?.configuration).toEqual({ sections, topic: undefined, reportTopic: 'h/r' });
    expect(parse(generic(`${keys}\nconfig_topic = "h/{gateway}/c"`)).remote?.configuration).toEqual({
      ...{ sections, topic: 'h/g/c', reportTopic: 'h/r' },
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
    [
      'configuration without topics',
      generic('[remote]\nconfig = ["outbox"]'),
      [/^remote\.config_topic is missing: the hub has no service/, /^remote\.config_report_topic is missing: the hub/],
    ],
    [
      'a topic of configurations beside the service of the hub',
      mainland('[remote]\nconfig = ["outbox"]\nconfig_topic = "h/c"\nconfig_report_topic = "h/r"'),
      [/^remote\.config_topic has no effect: hub\.profile is "mainland"/],
    ],
    [
      'topics of configurations that are not allowed',
      generic('[remote]\nconfig_topic = "h/c"\nconfig_report_topic = "h/r"'),
      [/^remote\.config_topic has no effect: config is empty/, /^remote\.config_report_topic has no effect/],
    ],
    [
      'reports on the topic of the configurations',
      generic('[remote]\nconfig = ["outbox"]\nconfig_topic = "h/c"\nconfig_report_topic = "h/c"'),
      [/^remote\.config_report_topic is "h\/c", which remote\.config_topic also uses/],
    ],
    [
      'a section that the hub can never change',
      mainland('[remote]\nconfig = ["remote"]\nconfig_report_topic = "h/r"'),
      [/^remote\.config/],
    ],
    ['firmware at any broker', generic('[remote]\nreport_firmware = true'), [/^remote\.report_firmware is true/]],
    ['too many requests', mainland('[remote]\ncommands = ["status"]\nrequests_per_minute = 61'), [/per_minute/]],
  ])('%s is a problem', (_, text, words) => {
    expect(problemsOf(text)).toEqual(words.map((word) => expect.stringMatching(word)));
  });
});

const AVAILABILITY = '[availability]\ngateway_topic = "h/{gateway}/state"\n';

describe('[availability]', () => {
  it('is off by default', () => {
    expect(parse(generic('')).availability).toBeUndefined();
    expect(parse(generic('[availability]\nonline_payload = "1"')).availability).toBeUndefined();
  });

  it('fills the placeholder of the gateway, and leaves that of the subdevice', () => {
    const keys = `${AVAILABILITY}subdevice_topic = "h/{gateway}/{subdevice}/state"\nonline_payload = "1"`;
    expect(parse(generic(keys)).availability).toEqual({
      ...{ gatewayTopic: 'h/g/state', subdeviceTopic: 'h/g/{subdevice}/state' },
      ...{ onlinePayload: '1', offlinePayload: 'offline' },
    });
  });

  it.each([
    [
      'a hub profile',
      mainland(AVAILABILITY),
      /^availability\.gateway_topic has no effect with hub\.profile "mainland"/,
    ],
    [
      'subdevices without the gateway',
      generic('[availability]\nsubdevice_topic = "h/{subdevice}"'),
      /^availability\.gateway_topic is missing\. Add gateway_topic/,
    ],
    [
      'a topic of subdevices with a hub profile',
      mainland('[availability]\nsubdevice_topic = "h/{subdevice}"'),
      /^availability\.subdevice_topic has no effect with hub\.profile "mainland"/,
    ],
    [
      'one topic for all subdevices and the gateway',
      generic('[availability]\ngateway_topic = "fixed"\nsubdevice_topic = "fixed"'),
      /^availability\.subdevice_topic has no \{subdevice\}/,
    ],
    [
      'one topic for all subdevices',
      generic(`${AVAILABILITY}subdevice_topic = "h/state"`),
      /^availability\.subdevice_topic has no \{subdevice\}/,
    ],
    [
      'an unknown placeholder',
      generic(`${AVAILABILITY}subdevice_topic = "h/{subdevice}/{topic}"`),
      /^availability\.subdevice_topic has \{topic\}, which is not/,
    ],
    [
      'a topic of a subdevice',
      generic('[availability]\ngateway_topic = "{gateway}/meter/state"'),
      /^availability\.gateway_topic is "g\/meter\/state", which is a topic of the subdevice "meter"/,
    ],
    [
      'topics of the subdevices',
      generic(`${AVAILABILITY}subdevice_topic = "{gateway}/{subdevice}/state"`),
      /^availability\.subdevice_topic is "g\/meter\/state", which is a topic of the subdevice "meter"/,
    ],
    [
      'the topic of another key',
      generic(`[telemetry]\ntopic = "h/g/state"\n${AVAILABILITY}`),
      /^availability\.gateway_topic is "h\/g\/state", which telemetry\.topic also uses/,
    ],
    [
      'the topic of the gateway for a subdevice',
      generic(`[availability]\ngateway_topic = "h/meter"\nsubdevice_topic = "h/{subdevice}"`),
      /^availability\.subdevice_topic is "h\/meter", which availability\.gateway_topic also uses/,
    ],
    ['a wildcard', generic('[availability]\ngateway_topic = "h/#"'), /is not a topic for PUBLISH/],
    [
      'one payload for both states',
      generic(`${AVAILABILITY}online_payload = "offline"`),
      /^availability\.offline_payload is the same as online_payload/,
    ],
    ['an empty payload', generic(`${AVAILABILITY}offline_payload = ""`), /^availability\.offline_payload/],
  ])('%s is a problem', (_, text, words) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(words)]);
  });
});

it('[availability] without keep alive has a warning', () => {
  const text = generic(AVAILABILITY).replace('profile = "generic"', 'profile = "generic"\nkeep_alive_s = 0');
  expect(warningsOf(parse(text)).map(({ path }) => path)).toEqual(['hub.keep_alive_s']);
  expect(warningsOf(parse(text.replace('keep_alive_s = 0', 'keep_alive_s = 60')))).toEqual([]);
});

const DISCOVERY = '[home_assistant]\ndiscovery_prefix = "homeassistant"\n';

describe('[home_assistant]', () => {
  it('is off by default', () => {
    expect(parse(generic('')).homeAssistant).toBeUndefined();
    expect(parse(generic(DISCOVERY)).homeAssistant).toEqual({ discoveryPrefix: 'homeassistant' });
  });

  it.each([
    ['a hub profile', mainland(DISCOVERY), /^home_assistant\.discovery_prefix has no effect with hub\.profile/],
    ['a wildcard', generic(DISCOVERY.replace('homeassistant', 'a/#')), /^home_assistant\.discovery_prefix/],
    ['an empty level', generic(DISCOVERY.replace('homeassistant', 'a//b')), /^home_assistant\.discovery_prefix/],
    [
      'the topics of a subdevice',
      generic(DISCOVERY, 'topic_template = "homeassistant/{subdevice}/{topic}"', true),
      /^home_assistant\.discovery_prefix is "homeassistant\/binary_sensor\/g\/connection\/config", which is a topic of/,
    ],
    [
      'a small limit of the hub',
      generic(DISCOVERY, 'payload_bytes_max = 4095'),
      /needs a payload limit of at least 4096 bytes/,
    ],
  ])('%s is a problem', (_, text, words) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(words)]);
  });
});

const STATES = '[availability]\ngateway_topic = "holdfast/{gateway}/state"\n';
const REMOTE = '[remote]\ncommands = ["status"]\nconfig = ["outbox"]\n';
const REMOTE_TOPICS = {
  request_topic: 'h/request',
  answer_topic: 'h/answer',
  config_topic: 'h/config',
  config_report_topic: 'h/report',
};

/** Section `[remote]` with one other topic. */
function remoteWith(key: keyof typeof REMOTE_TOPICS, topic: string): string {
  return `${REMOTE}${Object.entries({ ...REMOTE_TOPICS, [key]: topic })
    .map(([name, value]) => `${name} = "${value}"\n`)
    .join('')}`;
}

it.each<[string, (topic: string) => string]>([
  ['telemetry.topic', (topic) => `[telemetry]\ntopic = "${topic}"`],
  ['remote.request_topic', (topic) => remoteWith('request_topic', topic)],
  ['remote.answer_topic', (topic) => remoteWith('answer_topic', topic)],
  ['remote.config_topic', (topic) => remoteWith('config_topic', topic)],
  ['remote.config_report_topic', (topic) => remoteWith('config_report_topic', topic)],
  ['availability.gateway_topic', (topic) => `[availability]\ngateway_topic = "${topic}"`],
  ['availability.subdevice_topic', (topic) => `${STATES}subdevice_topic = "${topic}"`],
])('the example in the hint of an invalid %s is valid there', (path, sectionWith) => {
  const [problem = '', ...others] = problemsOf(
    generic(sectionWith(path.endsWith('subdevice_topic') ? 'a/{subdevice}/#' : 'a/#')),
  );
  expect(others).toEqual([]);
  expect(problem.startsWith(`${path} is not a topic for PUBLISH: `), problem).toBe(true);
  const [, example = ''] = / such as "(.+)"\.$/.exec(problem) ?? [];
  expect(problemsOf(generic(sectionWith(example)))).toEqual([]);
});
