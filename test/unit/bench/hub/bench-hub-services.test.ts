/** Services of the hub, with the JSON of its documents. */
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../src/base/message.ts';
import { type ServiceCommand, Services } from '../../../../src/bench/hub/services/services.ts';
import { HubRig } from './bench-hub-rig.ts';

const NOW_MS = 1_735_689_600_500;
const DEVICE = { product: 'SP', device: 'pump' };
const FIRMWARE = { version: '0.2', url: 'https://x/0.2', md5sum: 'ab', file_size: 708_482 };

/** Returns the services and a device that is permitted only its own topics. */
function openServices() {
  const services = new Services();
  const from = {
    clientId: 'SPpump',
    owns: (product: string, device: string): boolean => product === 'SP' && device === 'pump',
  };
  return {
    services,
    /** Sends a request. @returns the answers; `undefined`: not permitted */
    ask: (topic: string, content: unknown, wallMs = NOW_MS): unknown[] | undefined => {
      const service = services.all.find((each) => each.takes(topic));
      if (service === undefined) throw new Error(`no service has the topic ${topic}`);
      const payload = new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content));
      return service.answer({ topic, payload, qos: 1 }, from, wallMs)?.map(read);
    },
    execute: (command: ServiceCommand, wallMs = NOW_MS): unknown[] =>
      services.execute(command, wallMs).messages.map(read),
  };
}

function read({ topic, payload }: Message): [string, unknown] {
  return [topic, JSON.parse(new TextDecoder().decode(payload))];
}

describe('the time', () => {
  const TOPIC = '$sys/operation/SP/pump';
  const REQUEST = { type: 'get', resource: ['time'] };

  it('is answered in s, and twice in ms', () => {
    expect(openServices().ask(TOPIC, REQUEST)).toEqual([
      [
        '$sys/operation/result/SP/pump',
        { type: 'get', time: 1_735_689_600, ntptime1: 1_735_689_600_500, ntptime2: 1_735_689_600_500 },
      ],
    ]);
  });

  it('is answered in s only, as by earlier versions of the hub', () => {
    const { ask, execute } = openServices();
    execute({ kind: 'ntpStamps', areSent: false });
    expect(ask(TOPIC, REQUEST)).toEqual([['$sys/operation/result/SP/pump', { type: 'get', time: 1_735_689_600 }]]);
  });
});

describe('firmware', () => {
  const REPORT = '$ota/report/SP/pump';
  const UPDATE = '$ota/update/SP/pump';
  const version = (text: string) => ({ type: 'report_version', report: { version: text } });
  const accepted = (text: string) => [
    UPDATE,
    { result_code: 0, result_msg: 'success', type: 'report_version_rsp', version: text },
  ];
  const update = [UPDATE, { type: 'update_firmware', ...FIRMWARE }];

  it('a version is accepted, and each report of an old version is answered with the new version', () => {
    const { ask, execute } = openServices();
    expect(ask(REPORT, version('0.1'))).toEqual([accepted('0.1')]);
    expect(execute({ kind: 'offerFirmware', product: 'SP', firmware: FIRMWARE })).toEqual([update]);
    expect(ask(REPORT, version('0.1'))).toEqual([accepted('0.1'), update]);
    expect(ask(REPORT, version('0.2'))).toEqual([accepted('0.2')]);
    expect(execute({ kind: 'offerFirmware', product: 'OTHER', firmware: FIRMWARE })).toEqual([]);
  });

  it.each([
    [{ state: 'downloading', percent: '10', result_code: '0', result_msg: '' }, 'downloading'],
    [{ state: 'burning', result_code: '0', result_msg: '' }, 'burning'],
    [{ state: 'done', result_code: '0', result_msg: '' }, 'done'],
    [{ state: 'fail', result_code: '-4', result_msg: 'md5' }, 'fail'],
    [{ state: 'dreaming' }, undefined],
  ])('progress %j is stored as %s and not answered', (progress, state) => {
    const { ask, services } = openServices();
    expect(ask(REPORT, { type: 'report_progress', report: { progress, version: '0.2' } })).toEqual([]);
    const { answer } = services.execute({ kind: 'firmware', device: DEVICE }, NOW_MS);
    expect(answer).toMatchObject({ progress: state === undefined ? undefined : { state } });
  });
});

describe('remote configuration', () => {
  const RESULT = '$config/operation/result/SP/pump';

  it.each(['$config/operation/SP/pump', '$config/report/SP/pump'])(
    'requested on %s is 1001 while it is off',
    (topic) => {
      const { ask, execute } = openServices();
      expect(ask(topic, { type: 'get' })).toEqual([[RESULT, { type: 'reply', result: 1001 }]]);
      const configure = { kind: 'configure', product: 'SP', configuration: { n: 1 }, devices: ['pump'] } as const;
      expect(execute({ ...configure, devices: ['pump'] })).toEqual([
        [RESULT, { type: 'push', result: 0, payload: { n: 1 } }],
      ]);
      expect(ask(topic, { type: 'get' })).toEqual([[RESULT, { type: 'reply', result: 0, payload: { n: 1 } }]]);
      execute({ kind: 'configure', product: 'SP', devices: [] });
      expect(ask(topic, { type: 'get' })).toEqual([[RESULT, { type: 'reply', result: 1001 }]]);
    },
  );
});

it('the log level is 0 until it is set, and carries the token', () => {
  const { ask, execute } = openServices();
  const answer = (level: number) => [
    '$log/operation/result/SP/pump',
    { type: 'get_log_level', clientToken: 't', log_level: level, result: 0, timestamp: 1_735_689_600 },
  ];
  expect(ask('$log/operation/SP/pump', { type: 'get_log_level', clientToken: 't' })).toEqual([answer(0)]);
  execute({ kind: 'logLevel', device: DEVICE, level: 4 });
  expect(ask('$log/operation/SP/pump', { type: 'get_log_level', clientToken: 't' })).toEqual([answer(4)]);
});

describe('a call', () => {
  const call = { kind: 'call', device: DEVICE, payload: 'aGk=' } as const;
  const reply = (services: Services, id: string, wallMs = NOW_MS) =>
    services.execute({ kind: 'reply', id }, wallMs).answer;

  it('is sent with QoS 0 and an id, and accepts one reply with this id', () => {
    const { services, ask } = openServices();
    const { answer, messages } = services.execute(call, NOW_MS);
    expect(answer).toEqual({ id: '1' });
    expect(messages).toMatchObject([{ topic: '$rrpc/rxd/SP/pump/1', qos: 0 }]);
    expect(reply(services, '1')).toEqual({ kind: 'waiting' });
    expect(ask('$rrpc/txd/SP/pump/1', 'first', NOW_MS + 4000)).toEqual([]);
    expect(ask('$rrpc/txd/SP/pump/1', 'second', NOW_MS + 4000)).toEqual([]);
    expect(reply(services, '1', NOW_MS + 9000)).toEqual({ kind: 'replied', payload: 'Zmlyc3Q=' });
  });

  it('times out after 4 s, and a later reply has no effect', () => {
    const { services, ask } = openServices();
    services.execute(call, NOW_MS);
    expect(ask('$rrpc/txd/SP/pump/1', 'late', NOW_MS + 4001)).toEqual([]);
    expect(reply(services, '1', NOW_MS + 4001)).toEqual({ kind: 'timed out' });
    expect(reply(services, 'none')).toEqual({ kind: 'timed out' });
  });

  it('cannot be made by a device', () => {
    expect(openServices().ask('$rrpc/rxd/SP/pump/1', '')).toBeUndefined();
  });
});

describe('every service', () => {
  const TOPICS = [
    '$sys/operation',
    '$shadow/operation',
    '$ota/report',
    '$config/operation',
    '$log/operation',
    '$rrpc/txd',
  ];

  it.each(TOPICS)('on %s rejects topics of other devices, and topics with more levels', (topic) => {
    const { ask } = openServices();
    expect([ask(`${topic}/SP/valve/1`, {}), ask(`${topic}/SP`, {}), ask(`${topic}/SP/pump/1/2`, {})]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each(TOPICS.slice(0, 5))('on %s does not answer an invalid request', (topic) => {
    const { ask } = openServices();
    for (const nonsense of ['', '{', '[]', 'null', '{"type":"no"}', '{"type":["get"]}'])
      expect(ask(`${topic}/SP/pump`, nonsense)).toEqual([]);
  });
});

describe('in the hub', () => {
  const services = () => {
    const all = new Services();
    const rig = new HubRig({ permissions: 'checked' }, 0, all.all);
    const connection = rig.connect('SPpump');
    return { all, rig, connection };
  };
  const broadcast = (all: Services, payload: string) =>
    all.execute({ kind: 'broadcast', devices: [DEVICE], payload }, NOW_MS);

  it('an answer is stored for a disconnected device', () => {
    const { rig, connection } = services();
    rig.subscribe(connection, '$shadow/operation/result/SP/pump');
    rig.set({ answers: 'late', answerDelayMs: 1000 });
    rig.publish(connection, '$shadow/operation/SP/pump', { payload: new TextEncoder().encode('{"type":"get"}') });
    rig.disconnect(connection);
    rig.advance(1000);
    expect([rig.stored('SPpump'), rig.arrivals]).toEqual([1, []]);
  });

  it('a broadcast is sent to connected subscribers only, and is not stored', () => {
    const { rig, connection, all } = services();
    rig.subscribe(connection, '$broadcast/rxd/SP/pump');
    const send = () => {
      for (const { topic } of broadcast(all, 'aGk=').messages) rig.fromApplication(topic, 'hi', 0);
    };
    send();
    rig.disconnect(connection);
    send();
    expect(rig.messagesTo(connection).map(({ text, qos }) => [text, qos])).toEqual([['hi', 0]]);
    expect(rig.stored('SPpump')).toBe(0);
  });

  it('a broadcast of more than 8 KB in base64 is rejected', () => {
    const { all } = services();
    expect(broadcast(all, Buffer.alloc(6144).toString('base64')).messages).toHaveLength(1);
    expect(broadcast(all, Buffer.alloc(6145).toString('base64'))).toMatchObject({
      answer: { problem: {} },
      messages: [],
    });
  });

  it('a device that publishes a broadcast gets no PUBACK', () => {
    const { rig, connection } = services();
    rig.publish(connection, '$broadcast/rxd/SP/pump');
    expect(rig.sentTo(connection).map(({ kind }) => kind)).toEqual(['connack']);
  });
});
