/**
 * Thread of the load: one loop over all links, without callbacks. The thread waits in ppoll(2), so a latency is the time
 * until the bytes are there and not until an event loop has a turn. It ends when the shared word `stop` is set.
 */
import { workerData } from 'node:worker_threads';
import type { FrameRing } from './frames.ts';
import type { LineProtocol } from './line-protocol.ts';
import { LinkLoad } from './link-load.ts';
import { LinkMemory, nowUs } from './link-memory.ts';
import { ModbusProtocol } from './modbus-protocol.ts';
import { MqttProtocol } from './mqtt-protocol.ts';
import { MqttsnProtocol, type MqttsnProtocolPlan } from './mqttsn-protocol.ts';
import { Poll } from './poll.ts';
import { TextProtocol } from './text-protocol.ts';

export type LineProtocolPlan =
  | ({ readonly kind: 'mqttsn' } & MqttsnProtocolPlan)
  | { readonly kind: 'mqtt'; readonly clientId: string }
  | { readonly kind: 'text' }
  | { readonly kind: 'modbus' };

export interface LoadCommand {
  readonly memory: SharedArrayBuffer;
  /** One word; other than 0: the thread ends. */
  readonly stop: SharedArrayBuffer;
  readonly greetEveryMs: number;
  readonly links: readonly {
    readonly fd: number;
    readonly protocol: LineProtocolPlan;
    readonly ring: FrameRing | undefined;
    readonly startAt: number;
  }[];
}

const READ_BYTES = 64 * 1024;
/** Longest time until a new order is seen. */
const IDLE_US = 10_000;

function protocolOf(plan: LineProtocolPlan): LineProtocol {
  switch (plan.kind) {
    case 'mqttsn':
      return new MqttsnProtocol(plan);
    case 'mqtt':
      return new MqttProtocol(plan.clientId);
    case 'text':
      return new TextProtocol();
    case 'modbus':
      return new ModbusProtocol();
  }
}

const command = workerData as LoadCommand;
const stop = new Int32Array(command.stop);
const links = command.links.map(
  ({ fd, protocol, ring, startAt }, index) =>
    new LinkLoad({
      fd,
      protocol: protocolOf(protocol),
      ring,
      startAt,
      memory: new LinkMemory(command.memory, index),
      greetEveryUs: command.greetEveryMs * 1000,
    }),
);
const poll = new Poll(links.map(({ fd }) => fd));
const memory = new Uint8Array(READ_BYTES);

while (Atomics.load(stop, 0) === 0) {
  const startUs = nowUs();
  let nextUs = startUs + IDLE_US;
  for (const [index, link] of links.entries()) {
    nextUs = Math.min(nextUs, link.advance(startUs));
    poll.wantWrite(index, link.wantsToWrite);
  }
  poll.wait(nextUs - nowUs());
  const readUs = nowUs();
  for (const [index, link] of links.entries()) if (poll.isReadable(index)) link.read(memory, readUs);
}
