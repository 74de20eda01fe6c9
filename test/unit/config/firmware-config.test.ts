/** Section `[firmware]`: off by default, complete in profile generic, and topics that each subdevice may have. */
import { expect, it } from 'vitest';
import { hubPatchProblems } from '../../../src/config/hub-patch.ts';
import { effectOf } from '../../../src/config/key-effects.ts';
import { configOf, GENERIC, HUB, problemsOf } from './config-rig.ts';

const TOPICS = 'offer_topic = "firmware/offer"\nreport_topic = "firmware/report"\n';
const generic = (keys: string, text = GENERIC): string => `${text}\n[firmware]\n${keys}`;
const hub = (keys: string): string => `${HUB}\n[firmware]\n${keys}`;
const ON = 'enabled = true\n';

const DEFAULTS = {
  lineShare: 0.5,
  imageBytesMax: 16 * 2 ** 20,
  attemptsMax: 3,
  giveUpMs: 72 * 3_600_000,
};

it('is off by default', () => {
  expect(configOf(GENERIC).firmware).toBeUndefined();
  expect(configOf(generic('rate_kib_s = 10')).firmware).toBeUndefined();
  expect(configOf(HUB).firmware).toBeUndefined();
});

it('has the topics of the file with profile generic, and the service of the hub with the others', () => {
  expect(configOf(generic(ON + TOPICS)).firmware).toEqual({
    settings: { ...DEFAULTS, offerTopic: 'firmware/offer', reportTopic: 'firmware/report' },
    caFile: undefined,
    bytesPerS: 256 * 1024,
  });
  const service = { offerTopic: '$ota/update', reportTopic: '$ota/report' };
  expect(configOf(hub(ON)).firmware?.settings).toEqual({ ...DEFAULTS, ...service });
  expect(configOf(hub(`${ON}offer_topic = "$ota/update"`)).firmware?.settings).toEqual({ ...DEFAULTS, ...service });
  expect(configOf(hub(`${ON}offer_topic = "fw"`)).firmware?.settings).toMatchObject({ offerTopic: 'fw' });
});

it('converts the units of the file', () => {
  const keys = 'ca_file = "/ca.pem"\nrate_kib_s = 1\nimage_mib_max = 2\nline_share = 90\nattempts_max = 1\n';
  expect(configOf(generic(`${ON}${TOPICS}${keys}give_up_hours = 1`)).firmware).toEqual({
    settings: {
      offerTopic: 'firmware/offer',
      reportTopic: 'firmware/report',
      lineShare: 0.9,
      imageBytesMax: 2 ** 21,
      attemptsMax: 1,
      giveUpMs: 3_600_000,
    },
    caFile: '/ca.pem',
    bytesPerS: 1024,
  });
});

const LINES = GENERIC.replace(
  'path = "/dev/ttyUSB0"',
  'path = "/dev/ttyUSB0"\ndriver = "lines"\n[link.lines]\nsubdevice = "meter-1"',
);

it.each([
  [
    'topics without enabled',
    generic(TOPICS),
    [/^firmware\.offer_topic has no effect: enabled/, /^firmware\.report_topic/],
  ],
  ['a CA file without enabled', generic('ca_file = "/ca.pem"'), [/^firmware\.ca_file has no effect/]],
  [
    'profile generic without topics',
    generic(ON),
    [/^firmware\.offer_topic is missing; profile "generic"/, /^firmware\.report_topic is missing/],
  ],
  [
    'no link with MQTT-SN',
    generic(ON + TOPICS, LINES),
    [/^firmware\.enabled is true, but no link has driver "mqttsn"/],
  ],
  [
    'a wildcard',
    generic(ON + TOPICS.replace('firmware/offer', 'fw/+')),
    [/^firmware\.offer_topic is not a topic of a/],
  ],
  [
    'a placeholder',
    generic(ON + TOPICS.replace('firmware/offer', '{subdevice}/fw')),
    [/offer_topic .* no placeholders/],
  ],
  ['a service with profile generic', generic(ON + TOPICS.replace('firmware/offer', '$ota/update')), [/begins with \$/]],
  ['the service of reports for offers', hub(`${ON}offer_topic = "$ota/report"`), [/^firmware\.offer_topic .* with \$/]],
  [
    'one topic for both',
    generic(ON + TOPICS.replace('/report"', '/offer"')),
    [/^firmware\.report_topic is "firmware\/offer", and so/],
  ],
  [
    'too many levels',
    hub(`${ON}offer_topic = "1/2/3/4/5/6"`),
    [/^firmware\.offer_topic gives subdevice "meter-1" the topic .* 6 slashes/],
  ],
  [
    'too many bytes',
    generic(ON + TOPICS, GENERIC.replace('[hub]', '[hub]\ntopic_bytes_max = 25')),
    [/^firmware\.offer_topic gives .* more than 25 bytes/, /^firmware\.report_topic gives .* more than 25 bytes/],
  ],
  [
    'the topic of the resync message',
    generic(ON + TOPICS, GENERIC.replace('[hub]', '[hub]\nresync_topic = "shed-3/meter-1/firmware/offer"')),
    [
      /^firmware\.offer_topic gives subdevice "meter-1" the topic "shed-3\/meter-1\/firmware\/offer", which hub\.resync_topic/,
    ],
  ],
  [
    'a topic of the gateway: its own key has the problem',
    `${generic(ON + TOPICS)}[telemetry]\ntopic = "shed-3/meter-1/firmware/report"`,
    [/^telemetry\.topic is "shed-3\/meter-1\/firmware\/report", which is a topic of the subdevice "meter-1"/],
  ],
  [
    'numbers out of their ranges, all at once',
    generic(`${ON}${TOPICS}rate_kib_s = 0\nimage_mib_max = 1025\nline_share = 4\nattempts_max = 0\ngive_up_hours = 0`),
    ['rate_kib_s', 'image_mib_max', 'line_share', 'attempts_max', 'give_up_hours'].map(
      (key) => new RegExp(`^firmware\\.${key} `),
    ),
  ],
  ['an unknown key', generic(`${ON}${TOPICS}url = "x"`), [/^firmware\.url/]],
])('%s is a problem', (_, text, words) => {
  const problems = problemsOf(text).map(({ path, what }) => `${path} ${what}`);
  expect(problems).toEqual(words.map((word) => expect.stringMatching(word)));
});

it('a mistake in another key hides none of these', () => {
  expect(problemsOf(generic(`${ON}line_share = 4`)).map(({ path }) => path)).toEqual(
    expect.arrayContaining(['firmware.line_share', 'firmware.offer_topic', 'firmware.report_topic']),
  );
});

it('a change restarts the gateway, and the hub can never make one', () => {
  expect(effectOf('firmware', 'enabled')).toBe('gateway');
  expect(hubPatchProblems({ firmware: { enabled: true } }, ['firmware'])).toEqual([
    expect.objectContaining({ path: 'firmware', what: 'cannot be changed by the hub' }),
  ]);
});
