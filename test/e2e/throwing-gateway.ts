/**
 * The product's own `run`, with two bugs planted in it: a subdevice that registers the topic `within` has its link's
 * machine throw; one that registers `beside` has an exception thrown where nobody catches it.
 */
import type { Packet } from '../../src/codec/mqttsn.ts';
import { runGateway } from '../../src/daemon.ts';
import { MqttsnClient } from '../../src/driver/mqttsn-client.ts';

const { receive } = MqttsnClient.prototype;

MqttsnClient.prototype.receive = function (packet: Packet, nowMs: number): void {
  const topic = packet.kind === 'register' ? packet.topic : '';
  if (topic === 'within') throw new Error('planted in a machine');
  if (topic === 'beside')
    setImmediate(() => {
      throw new Error('planted beside the mailbox');
    });
  receive.call(this, packet, nowMs);
};

process.exit(await runGateway({ configPath: process.argv.at(-1) ?? '', version: 'throwing' }));
