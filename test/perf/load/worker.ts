/**
 * Thread of the load: one loop over all links, without callbacks. The thread waits in ppoll(2), so a latency is the time
 * until the bytes are there and not until an event loop has a turn. It ends when the shared word `stop` is set.
 */
import { workerData } from 'node:worker_threads';
import type { FrameRing } from './frames.ts';
import { LinkLoad } from './link-load.ts';
import { LinkMemory, nowUs } from './link-memory.ts';
import { ModbusSpeech } from './modbus-speech.ts';
import { MqttSpeech } from './mqtt-speech.ts';
import { MqttsnSpeech, type MqttsnSpeechPlan } from './mqttsn-speech.ts';
import { Poll } from './poll.ts';
import type { Speech } from './speech.ts';
import { TextSpeech } from './text-speech.ts';

export type SpeechPlan =
  | ({ readonly kind: 'mqttsn' } & MqttsnSpeechPlan)
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
    readonly speech: SpeechPlan;
    readonly ring: FrameRing | undefined;
    readonly startAt: number;
  }[];
}

const READ_BYTES = 64 * 1024;
/** Longest time until a new order is seen. */
const IDLE_US = 10_000;

function speechOf(plan: SpeechPlan): Speech {
  switch (plan.kind) {
    case 'mqttsn':
      return new MqttsnSpeech(plan);
    case 'mqtt':
      return new MqttSpeech(plan.clientId);
    case 'text':
      return new TextSpeech();
    case 'modbus':
      return new ModbusSpeech();
  }
}

const command = workerData as LoadCommand;
const stop = new Int32Array(command.stop);
const links = command.links.map(
  ({ fd, speech, ring, startAt }, index) =>
    new LinkLoad({
      fd,
      speech: speechOf(speech),
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
