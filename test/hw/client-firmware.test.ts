/** Firmware transfer of the C client: the vectors of the simulated subdevice, and transfers on a line with faults. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { Packet, PublishPacket } from '../../src/codec/mqttsn-packets.ts';
import { EXCHANGES, type ExchangeVector, MALFORMED_DOWN, PAGE_BYTES } from '../unit/base/firmware-vectors.ts';
import { bytesOf, hexOf } from '../unit/base/vectors.ts';
import { ImageGateway } from '../unit/bench/subdevices/image-gateway.ts';
import { ImageLine, unreliable } from '../unit/bench/subdevices/image-line.ts';
import { ClientImageDevice } from './client-image-device.ts';
import { ClientUnderTest, type Output } from './client-under-test.ts';
import { DISCONNECT } from './gateway-packets.ts';
import { build, CLIENT, isWithoutCompiler, type Program, ROOT, TRANSFER } from './toolchain.ts';

const IMAGE = Uint8Array.from({ length: 5000 }, (_, at) => (at * at) & 0xff);
/** Settings with which the vectors were written. Both topics are predefined, and nothing is repeated in their time. */
const VECTOR_SETTINGS = `predefined=1 window=4 chunk=16 timeout=1000 page=${PAGE_BYTES} retry=60000 messages=4`;

describe.skipIf(isWithoutCompiler())('the firmware transfer of the C client', () => {
  let program: Program;
  beforeAll(() => {
    program = build([`${ROOT}/test/hw/firmware-driver.c`, TRANSFER, CLIENT]);
  });
  afterAll(() => program.remove());

  it.each(EXCHANGES)('decides as in the vectors: $name', async (exchange) => {
    expect(await outputsOf(exchange, new ClientUnderTest(program.path))).toEqual(exchange.steps);
  });

  it.each(MALFORMED_DOWN)('ignores $name', async ({ bytes }) => {
    const client = new ClientUnderTest(program.path);
    await client.run(`boot ${VECTOR_SETTINGS}`, 'connect', 'poll');
    await client.receive({ kind: 'connack', returnCode: 0 });
    await client.run('poll');
    expect(linesOf(await pass(client, bytes))).toEqual([]);
    expect((await client.run('state')).states).toEqual(['client 2 fw 0 offset 0']);
  });

  it.each([0, 0.02, 0.1, 0.3])('ends on a line that loses, doubles and reorders %d of the packets', async (share) => {
    const { gateway, device, line } = open(unreliable(seededRandom(7), share));
    await line.until(() => gateway.versions.at(-1) === '2.0');
    expect(device.installed).toEqual(['2.0']);
    if (share === 0)
      expect([gateway.gets.length, gateway.gets.filter(({ isAgain }) => isAgain).length]).toEqual([20, 1]);
  });

  it('continues after a power cut at every chunk, with the octets that are durable', async () => {
    const { gateway, device, line } = open(undefined, 'window=1 page=64');
    for (let cuts = 0; !gateway.isOver; cuts += 1) {
      const gets = gateway.gets.length;
      device.cutPower();
      await line.until(() => gateway.gets.length > gets + 1 || gateway.isOver);
      if (!gateway.isOver)
        expect([gateway.gets[gets]?.offset, gateway.gets[gets]?.isAgain]).toEqual([cuts * 128, true]);
      expect(cuts).toBeLessThanOrEqual(Math.ceil(IMAGE.length / 128));
    }
    expect(device.installed).toEqual(['2.0']);
  });

  it('installs after a power cut between the last octet and the acknowledgement of STATE', async () => {
    const { gateway, device, line } = open();
    await line.until(() => gateway.states.length === 1);
    device.cutPower();
    await line.until(() => gateway.isOver);
    expect([device.installed, gateway.states.map(({ state }) => state)]).toEqual([['2.0'], ['received', 'received']]);
  });

  it('asks for lost octets once for each gap, and not for each chunk behind it', async () => {
    let isDropping = true;
    const { gateway, line } = open((packets) => {
      const at = packets.findIndex((packet) => isDropping && isChunk(packet, 1024));
      if (at === -1) return packets;
      isDropping = false;
      return packets.filter((_, index) => index !== at);
    });
    await line.until(() => gateway.versions.at(-1) === '2.0');
    expect(gateway.gets.filter(({ isAgain }) => isAgain).map(({ offset }) => offset)).toEqual([0, 1024]);
  });

  it('starts again at 0 after a wrong CRC-32, and then installs the image', async () => {
    const { gateway, device, line } = open();
    device.command('fault damage 1');
    await line.until(() => gateway.isOver);
    expect(gateway.states).toMatchObject([{ state: 'failed', reason: 'the CRC-32 of the image is wrong' }]);
    expect(device.installed).toEqual([]);
    const gets = gateway.gets.length;
    await line.step(gateway.offer(line.nowMs));
    await line.until(() => device.installed.length > 0);
    expect(gateway.gets[gets]?.offset).toBe(0);
  });

  it.each([
    ['refuse 1', 'refused', 'the image is too large'],
    ['write 3000', 'failed', 'writing to the flash failed'],
    ['read 1', 'failed', 'reading the flash failed'],
  ])('reports and ends after the fault %s', async (fault, state, reason) => {
    const { gateway, device, line } = open();
    device.command(`fault ${fault}`);
    await line.until(() => gateway.isOver);
    expect(gateway.states).toMatchObject([{ state, reason }]);
    const gets = gateway.gets.length;
    for (let steps = 0; steps < 200; steps += 1) await line.step();
    expect(gateway.gets.length).toBe(gets);
  });

  it('asks for nothing after STOP', async () => {
    const { gateway, device, line } = open();
    await line.until(() => gateway.gets.length >= 4);
    await line.step(gateway.stop(line.nowMs));
    const gets = gateway.gets.length;
    for (let steps = 0; steps < 200; steps += 1) await line.step();
    expect(gateway.gets.length).toBeLessThanOrEqual(gets + 1);
    expect(device.installed).toEqual([]);
  });

  it('takes an offer while waking from a sleep, stays awake for the transfer, and sleeps again', async () => {
    const { gateway, device, line } = open();
    await line.until(() => gateway.gets.length >= 3);
    await line.step(gateway.stop(line.nowMs));
    device.sleep(10);
    await line.until(() => device.isAsleep);
    expect([gateway.versions, gateway.gets.length < 7]).toEqual([['1.0'], true]);
    gateway.offerAtWaking();
    await line.until(() => gateway.versions.at(-1) === '2.0');
    await line.until(() => device.isAsleep);
    expect(device.installed).toEqual(['2.0']);
  });

  it('sends VERSION and STATE when a slot is free, if messages of the application take all', async () => {
    const { gateway, device, line } = open(undefined, 'slots=1');
    device.command('publish 2 1 00');
    await line.until(() => gateway.versions.length === 1);
    device.command('publish 2 1 01');
    await line.until(() => gateway.versions.at(-1) === '2.0');
    expect(device.installed).toEqual(['2.0']);
  });

  it.each([
    ['payload=69', -6],
    ['chunk=128 packet=145', -6],
    ['chunk=128 packet=146', 0],
    ['chunk=16 packet=98', -6],
    ['chunk=0 packet=200', -8],
    ['window=0', -8],
    ['timeout=0', -8],
  ])('hf_fw_init with %s returns %d', async (settings, result) => {
    expect((await new ClientUnderTest(program.path).run(`boot ${settings}`)).number).toBe(result);
  });

  function open(fault = unreliable(seededRandom(1), 0), settings = 'window=4'): OpenLine {
    const gateway = new ImageGateway(IMAGE, '2.0');
    const device = new ClientImageDevice(program.path, settings);
    return { gateway, device, line: new ImageLine(gateway, device, fault) };
  }
});

interface OpenLine {
  readonly gateway: ImageGateway;
  readonly device: ClientImageDevice;
  readonly line: ImageLine;
}

function isChunk(packet: Packet, offset: number): boolean {
  if (packet.kind !== 'publish' || packet.payload[0] !== 0x82) return false;
  return Buffer.from(packet.payload).readUInt32BE(5) === offset;
}

/** Returns the steps of an exchange with the outputs of the C client. */
async function outputsOf(exchange: ExchangeVector, client: ClientUnderTest): Promise<object[]> {
  const boot = async (): Promise<void> => void (await client.run(`boot ${VECTOR_SETTINGS}`, 'connect', 'poll'));
  await boot();
  await client.run(...faultsOf(exchange));
  const steps: object[] = [];
  for (const step of exchange.steps) {
    if (step.atMs !== undefined) await client.run(`at ${step.atMs}`);
    if (step.input === 'power cut') {
      await boot();
      steps.push({ ...step, output: [] });
      continue;
    }
    const output = linesOf(await perform(client, step.input));
    if (output.some((line) => line.startsWith('installed'))) await boot();
    steps.push({ ...step, output });
  }
  return steps;
}

function faultsOf({ faults }: ExchangeVector): string[] {
  return [
    `fault refuse ${faults.refusal === undefined ? 0 : 1}`,
    `fault write ${faults.failsAt ?? -1}`,
    `fault damage ${faults.damages ?? 0}`,
    `fault install ${faults.failsInstallation === true ? 1 : 0}`,
  ];
}

async function perform(client: ClientUnderTest, input: string): Promise<Output> {
  const [word = '', value = ''] = input.split(' ');
  switch (word) {
    case 'connected':
      return await afterPackets(client, { kind: 'connack', returnCode: 0 });
    case 'disconnected':
      return await afterPackets(client, DISCONNECT);
    case 'acknowledged':
      return await afterPackets(client, { kind: 'puback', topicId: 1, messageId: Number(value), returnCode: 0 });
    case 'wake':
      return await client.run('poll');
    case 'down':
      return await pass(client, value);
    default:
      throw new Error(`unknown step ${input}`);
  }
}

/** Passes a message in `$fw/down` to the client. */
async function pass(client: ClientUnderTest, hex: string): Promise<Output> {
  const topic = { type: 'predefined', id: 2 } as const;
  const flags = { dup: false, qos: 0, retain: false } as const;
  return await afterPackets(client, { kind: 'publish', ...flags, topic, messageId: 0, payload: bytesOf(hex) });
}

async function afterPackets(client: ClientUnderTest, packet: Packet): Promise<Output> {
  const [received, polled] = [await client.receive(packet), await client.run('poll')];
  return {
    ...received,
    packets: [...received.packets, ...polled.packets],
    installed: [...received.installed, ...polled.installed],
  };
}

/** Returns the publications and installations in the form of the vectors. Repetitions are left out. */
function linesOf({ packets, installed }: Output): string[] {
  const publications = packets.filter((packet): packet is PublishPacket => packet.kind === 'publish' && !packet.dup);
  return [
    ...publications.map(({ qos, payload }) => `${qos} ${hexOf(payload)}`),
    ...installed.map((version) => `installed ${version}`),
  ];
}
