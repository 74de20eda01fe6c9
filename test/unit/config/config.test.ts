/** The configuration file: the values read from it, and its reference. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONTROL_SOCKET, placesIn } from '../../../src/config/default-places.ts';
import { keyRows } from '../../../src/config/key-table.ts';
import { renderReference } from '../../../src/config/reference.ts';
import type { MqttsnOptions } from '../../../src/driver/mqttsn/definition.ts';
import { configOf, GENERIC, HUB, under } from './config-rig.ts';

describe('defaults', () => {
  it('are complete for a generic hub', () => {
    expect(configOf(GENERIC)).toEqual({
      gateway: {
        name: 'shed-3',
        stateDir: '/var/lib/holdfast',
        allowVolatileStore: false,
        controlSocket: '/run/holdfast/control.sock',
        logLevel: 'info',
        mediumLifeTb: 0,
        logFormat: 'text',
        acceptUnknownSubdevices: false,
        profileDir: '/etc/holdfast/profiles',
      },
      hub: {
        profile: 'generic',
        host: 'hub.example.net',
        port: 1883,
        tls: { kind: 'off' },
        bind: 'manual',
        operationsBatchMax: 64,
        credentials: { kind: 'none' },
        clientId: 'shed-3',
        topics: { uplink: '{gateway}/{subdevice}/{topic}', downlink: '{gateway}/{subdevice}/{topic}' },
        retain: false,
        keepAliveS: 60,
        connectMsMax: 10_000,
        pubackMsMax: 10_000,
        attemptsMax: 3,
        inFlightMax: 32,
        messagesPerS: 0,
        payloadBytesMax: 262_144,
        topicBytesMax: 65_535,
        topicSlashesMax: 0,
        reconnectFloorMs: 1000,
        reconnectCeilingMs: 60_000,
        bootSpreadMs: 2000,
        subscriptionsMax: 0,
        transport: { kind: 'tcp' },
        proxy: undefined,
      },
      outbox: {
        messagesMax: 1_000_000,
        bytesMax: 536_870_912,
        ageHoursMax: 0,
        overflow: 'reject',
        alarmTopics: [],
        retainTopics: [],
        liveShare: 0.5,
        holdMs: 200,
        commitMs: 100,
        envelope: 'none',
        envelopeNames: {
          payload: 'payload',
          encoding: 'encoding',
          measuredAt: 'measured_at',
          ageMs: 'age_ms',
          timeQuality: 'time_quality',
          ageQuality: 'age_quality',
          replayed: 'replayed',
          seq: 'seq',
        },
      },
      recorder: {
        ringBytes: 262_144,
        triggers: ['store-failed', 'bug', 'hang', 'hub-protocol', 'crc-storm', 'dead-letter'],
        filesMax: 20,
        bytesMax: 16_777_216,
      },
      web: undefined,
      sharedTopics: [],
      inbox: {
        ...{ messagesMax: 150, ageHoursMax: 24, replayIntervalMs: 500, overflow: 'drop-oldest', holdMs: 200 },
        retainedCommands: 'once',
      },
      links: [
        {
          name: 'meters',
          path: '/dev/ttyUSB0',
          baudRate: 115_200,
          dataBits: 8,
          parity: 'none',
          stopBits: 1,
          driver: 'mqttsn',
          options: {
            framing: 'sn-cobs',
            packetBytesMax: 1024,
            gatewayId: 1,
            advertiseS: 0,
            predefinedTopics: new Map(),
          },
          retryMs: 1000,
          retriesMax: 5,
          recovery: ['reopen'],
          holdMs: 200,
          commitMs: 100,
          overflow: 'reject',
          envelope: 'none',
          acknowledges: true,
          retainTopics: [],
          allowedSubdevices: ['meter-1'],
        },
      ],
      subdevices: [
        { id: 'meter-1', link: undefined, hubIdentity: undefined, deviceSecretFile: undefined, driverKeys: {} },
      ],
    });
  });

  it.each([
    { profile: 'mainland', messagesPerS: 20, subscriptionsMax: 100 },
    { profile: 'intl', messagesPerS: 30, subscriptionsMax: 0 },
  ] as const)('are the limits of the hub with profile $profile', ({ profile, ...limits }) => {
    const { hub, subdevices } = configOf(HUB.replace('mainland', profile));
    expect(hub).toMatchObject({
      ...limits,
      profile,
      keepAliveS: 240,
      payloadBytesMax: 16_384,
      reconnectFloorMs: 5000,
      bootSpreadMs: 10_000,
      topics: { uplink: '{product_id}/{device_name}/{topic}', downlink: '{product_id}/{device_name}/{topic}' },
      clientId: 'ABCDEFGHIJgw-01',
      credentials: {
        kind: 'device',
        productId: 'ABCDEFGHIJ',
        deviceName: 'gw-01',
        deviceSecretFile: '/etc/holdfast/secret',
        signMethod: 'hmacsha256',
      },
    });
    expect(subdevices).toEqual([
      {
        ...{ id: 'meter-1', link: undefined, deviceSecretFile: undefined, driverKeys: {} },
        hubIdentity: { productId: 'KLMNOPQRST', deviceName: 'sub-01' },
      },
    ]);
  });

  it('of a link come from the outbox; keys of the link have priority', () => {
    const text = `${under('[[link]]', 'commit_ms = 7')}\n[outbox]\nhold_ms = 11\ncommit_ms = 22\noverflow = "drop-oldest"`;
    expect(configOf(text).links[0]).toMatchObject({ holdMs: 11, commitMs: 7, overflow: 'drop-oldest' });
  });

  it('of the names of the envelope stay where only some are set', () => {
    const text = `${GENERIC}\n[outbox]\nenvelope = "json"\n[outbox.envelope_names]\nmeasured_at = "ts"`;
    const { outbox, links } = configOf(text);
    expect(outbox.envelopeNames).toMatchObject({ measuredAt: 'ts', payload: 'payload', seq: 'seq' });
    expect(links[0]?.envelope).toBe('json');
    expect(
      configOf(`${under('[[link]]', 'envelope = "fields"')}\n[outbox]\nenvelope = "json"`).links[0]?.envelope,
    ).toBe('fields');
  });

  it('let a link serve every subdevice that is not tied to another link', () => {
    const text = `${GENERIC}
[[subdevice]]
id = "pump-1"
link = "pumps"
[[link]]
name = "pumps"
path = "/dev/ttyUSB1"`;
    expect(configOf(text).links.map((link) => link.allowedSubdevices)).toEqual([['meter-1'], ['meter-1', 'pump-1']]);
  });

  it('let a link serve every subdevice if unknown ones are accepted', () => {
    expect(
      configOf(under('[gateway]', 'accept_unknown_subdevices = true')).links[0]?.allowedSubdevices,
    ).toBeUndefined();
  });
});

describe('a value of the file is used', () => {
  it('for the user name and the password file', () => {
    expect(configOf(under('[hub]', 'username = "u"\npassword_file = "/p"')).hub.credentials).toEqual({
      kind: 'password',
      username: 'u',
      passwordFile: '/p',
      passwordCommand: undefined,
      renewS: undefined,
    });
  });

  it('for the predefined topics', () => {
    const text = under(
      '[[link]]',
      'predefined_topics = [{ id = 1, topic = "temperature" }, { id = 2, topic = "a/b" }]',
    );
    const { predefinedTopics } = (configOf(text).links[0]?.options ?? {}) as MqttsnOptions;
    expect(predefinedTopics).toEqual(
      new Map([
        [1, 'temperature'],
        [2, 'a/b'],
      ]),
    );
  });
});

describe('the reference', () => {
  it('in docs/configuration.md is current', () => {
    expect(readFileSync('docs/configuration.md', 'utf8')).toBe(renderReference());
  });

  it('gives every key a type, a default and a meaning', () => {
    const incomplete = keyRows().filter(
      ({ type, fallback, meaning }) => [type, fallback, meaning].includes('') || type === 'any',
    );
    expect(incomplete).toEqual([]);
    expect(keyRows().length).toBeGreaterThan(50);
  });

  it('begins with a valid file', () => {
    const example = /```toml\n([\s\S]*?)```/.exec(renderReference())?.[1] ?? '';
    expect(configOf(example).gateway.name).toBe('shed-3');
  });
});

describe('the paths of the gateway', () => {
  it('are found in a file that has other problems', () => {
    expect(placesIn('[gateway]\ncontrol_socket = "/x"\nlog_level = 3').controlSocket).toBe('/x');
  });

  it.each(['', '[gateway', 'gateway = 3', '[gateway]\ncontrol_socket = 3'])('are the defaults for %j', (text) => {
    expect(placesIn(text).controlSocket).toBe(DEFAULT_CONTROL_SOCKET);
  });
});
