/** The C client in its own process (`driver.c`), driven step by step. The test is its gateway and its clock. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { encodeFrame, FrameReader } from '../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { bytesOf, hexOf } from '../unit/base/vectors.ts';
import { build, CLIENT, type Program, ROOT } from './toolchain.ts';

/** Output of the client after one or more commands. */
export interface Output {
  /** Packets, decoded by the gateway's decoder. */
  readonly packets: readonly Packet[];
  /** Octets of each packet, hex. */
  readonly packetBytes: readonly string[];
  /** Octets written to the line, hex. */
  readonly written: string;
  /** Delivered messages: `topic qos hex`. */
  readonly messages: readonly string[];
  /** Reported events: `event value`. */
  readonly states: readonly string[];
  /** Versions that the firmware transfer has installed. */
  readonly installed: readonly string[];
  /** Numbers of damaged frames and of malformed packets. */
  readonly counters: string;
  /** Return value of the last function. */
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
    child.stdin.on('error', () => undefined); // the process has ended, and `run` throws with its stderr
    child.stderr.on('data', (text: Buffer) => {
      this.#stderr += text.toString();
    });
    onTestFinished(() => void child.kill('SIGKILL'));
  }

  async run(...commands: readonly string[]): Promise<Output> {
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
    return outputOf(lines);
  }

  /** Passes packets of the gateway to the client. */
  async receive(...packets: readonly Packet[]): Promise<Output> {
    return await this.run(`feed ${packets.map((packet) => hexOf(encodeFrame(encodePacket(packet)))).join('')}`);
  }

  /** Connects the client, with a CONNACK as the only answer. */
  async connect(settings: string, topics: readonly string[] = ['n t 0']): Promise<void> {
    const output = await this.run(...topics.map((topic) => `topic ${topic}`), `init ${settings}`);
    if (output.number !== 0) throw new Error(`hf_init returned ${output.number}`);
    await this.run('connect', 'poll');
    await this.receive({ kind: 'connack', returnCode: 0 });
  }
}

/** The client for the tests of one `describe`: built before them, removed after them. */
export function buildClient(): {
  readonly start: () => ClientUnderTest;
  /** Returns a connected client. With the default topics no PUBLISH needs a REGISTER before it. */
  readonly connected: (settings?: string, topics?: readonly string[]) => Promise<ClientUnderTest>;
} {
  let program: Program;
  beforeAll(() => {
    program = build([`${ROOT}/test/hw/driver.c`, CLIENT]);
  });
  afterAll(() => program.remove());
  const start = (): ClientUnderTest => new ClientUnderTest(program.path);
  const connected = async (settings = '', topics: readonly string[] = ['p 1 0']): Promise<ClientUnderTest> => {
    const client = start();
    await client.connect(settings, topics);
    return client;
  };
  return { start, connected };
}

function outputOf(lines: readonly string[]): Output {
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
    installed: rest('installed'),
    counters: rest('counters').at(-1) ?? '',
    number: rest('=').map(Number).at(-1),
  };
}
