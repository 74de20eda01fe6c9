/**
 * The product's own `run` with planted bugs.
 *
 * - The machine of a link throws when a subdevice registers the topic `within` and on the downlink `poison`.
 * - The hub client throws when it encodes an uplink on `t/poison`, and on the downlink `unreadable`.
 * - A flow throws on an uplink on `astray`, on a downlink `astray`, and when it sends an uplink on `t/unsendable`.
 * - An exception is thrown outside the mailbox when a subdevice registers `beside`.
 */
import type { Decoded } from '../../src/base/decoded.ts';
import type { MqttPacket } from '../../src/codec/mqtt.ts';
import { MqttReader } from '../../src/codec/mqtt-wire.ts';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { runGateway } from '../../src/daemon.ts';
import type { DeliverCommand } from '../../src/driver/driver.ts';
import { MqttsnClient } from '../../src/driver/mqttsn/client.ts';
import { DownlinkFlow } from '../../src/flow/downlink.ts';
import { HubConnection } from '../../src/flow/hub-connection.ts';
import { UplinkFlow } from '../../src/flow/uplink.ts';
import { HubClient } from '../../src/hub/client/hub-client.ts';
import type { HubAction, HubInput } from '../../src/hub/client/hub-contract.ts';

const { receive, deliver } = MqttsnClient.prototype;
const { offer } = UplinkFlow.prototype;
const { arrived } = DownlinkFlow.prototype;
const { publish } = HubConnection.prototype;
const { handle } = HubClient.prototype;
const { push } = MqttReader.prototype;

MqttsnClient.prototype.receive = function (packet: Packet, nowMs: number): void {
  const topic = packet.kind === 'register' ? packet.topic : '';
  if (topic === 'within') throw new Error('planted in a machine');
  if (topic === 'beside')
    setImmediate(() => {
      throw new Error('planted beside the mailbox');
    });
  receive.call(this, packet, nowMs);
};

MqttsnClient.prototype.deliver = function (command: DeliverCommand, nowMs: number): void {
  if (Buffer.from(command.payload).toString() === 'poison') throw new Error('planted in a delivery');
  deliver.call(this, command, nowMs);
};

HubClient.prototype.handle = function (input: HubInput, nowMs: number): HubAction[] {
  if (input.kind !== 'publish') return handle.call(this, input, nowMs);
  const messages = input.messages.map((message) =>
    message.topic.endsWith('t/poison') ? Object.defineProperty({ ...message }, 'dup', { get: throwPlanted }) : message,
  );
  return handle.call(this, { ...input, messages }, nowMs);
};

MqttReader.prototype.push = function (bytes: Uint8Array): Decoded<MqttPacket>[] {
  const packets = push.call(this, bytes);
  for (const packet of packets)
    if (packet.ok && packet.value.kind === 'publish' && Buffer.from(packet.value.payload).toString() === 'unreadable')
      Object.defineProperty(packet.value, 'retain', { get: throwPlanted });
  return packets;
};

function throwPlanted(): never {
  throw new Error('planted in the hub client');
}

UplinkFlow.prototype.offer = function (...[link, report]: Parameters<typeof offer>): void {
  if (report.topic === 'astray') throw new Error('planted in a flow');
  offer.call(this, link, report);
};

DownlinkFlow.prototype.arrived = function (...[message, arriving]: Parameters<typeof arrived>): void {
  if (Buffer.from(message.payload).toString() === 'astray') throw new Error('planted in an arrival');
  arrived.call(this, message, arriving);
};

HubConnection.prototype.publish = function (...[message, isSuspect]: Parameters<typeof publish>): void {
  if (message.topic.endsWith('t/unsendable')) throw new Error('planted in a sending');
  publish.call(this, message, isSuspect);
};

process.exit(await runGateway({ configPath: process.argv.at(-1) ?? '', version: 'throwing' }));
