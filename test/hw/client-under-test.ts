/** The C client in a process of its own (`driver.c`), driven step by step: the test is its gateway and its clock. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { encodeFrame, FrameReader } from '../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { bytesOf, hexOf } from '../unit/base/vectors.ts';

/** What one command, or several, made the client do. */
export interface Told {
  /** As the product's decoder reads them. */
  readonly packets: readonly Packet[];
  /** The bytes of the packets, and of what carried them, hex. */
  readonly packetBytes: readonly string[];
  readonly written: string;
  /** `topic qos hex` */
  readonly messages: readonly string[];
  /** `event value` */
  readonly states: readonly string[];
  /** Damaged frames, malformed packets. */
  readonly counters: string;
  /** What the last function returned. */
  readonly number: number | undefined;
}

export class ClientUnderTest {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #stderr = '';

  constructor(program: string) {
    const child = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.on('error', () => undefined); // it has died, and `say` tells why
    child.stderr.on('data', (text: Buffer) => {
      this.#stderr += text.toString();
    });
    onTestFinished(() => void child.kill('SIGKILL'));
  }

  async say(...commands: readonly string[]): Promise<Told> {
    const lines: string[] = [];
    for (const command of commands) {
      this.#child.stdin?.write(`${command}\n`);
      for (;;) {
        const { value, done } = await this.#lines.next();
        if (done === true) throw new Error(`the client died at "${command}":\n${this.#stderr}`);
        if (value === '.') break;
        lines.push(value);
      }
    }
    return toldOf(lines);
  }

  /** The gateway sends a packet. */
  async hear(...packets: readonly Packet[]): Promise<Told> {
    return await this.say(`feed ${packets.map((packet) => hexOf(encodeFrame(encodePacket(packet)))).join('')}`);
  }

  /** Connected, as a client that asked for nothing else. */
  async connect(settings: string, topics: readonly string[] = ['n t 0']): Promise<void> {
    const told = await this.say(...topics.map((topic) => `topic ${topic}`), `init ${settings}`);
    if (told.number !== 0) throw new Error(`hf_init says ${told.number}`);
    await this.say('connect', 'poll');
    await this.hear({ kind: 'connack', returnCode: 0 });
  }
}

function toldOf(lines: readonly string[]): Told {
  const rest = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1).trim());
  const written = rest('write').join('');
  const packetBytes = new FrameReader(65535).push(bytesOf(written));
  return {
    written,
    packetBytes: packetBytes.map(hexOf),
    packets: packetBytes.map((bytes) => {
      const packet = decodePacket(bytes);
      if (!packet.ok) throw new Error(`the client sent ${hexOf(bytes)}: ${JSON.stringify(packet)}`);
      return packet.value;
    }),
    messages: rest('message'),
    states: rest('state'),
    counters: rest('counters').at(-1) ?? '',
    number: rest('=').map(Number).at(-1),
  };
}
