/**
 * Hub that only counts: an MQTT 3.1.1 server for one client, cheap enough that the gateway is the limit. Acknowledges all
 * messages of one read in one write, can go away and come back, and can send downlinks. It keeps the session of a client
 * id as long as the process lives, and never forgets a subscription.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { numberIn, numberInLine, payloadOf } from '../load/frames.ts';
import { IDS, nowUs } from '../load/link-memory.ts';
import { connack, type Packet, PINGRESP, packetAt, pubacks, publish, suback, TYPE, unsuback } from './hub-packets.ts';
import { NumberedStream } from './stream-account.ts';

export const HOST = '127.0.0.1';
const LONGEST_CLIENT_ID_AT = 10;

/** Called for each message with a number. */
export type OnArrived = (stream: number, number: number) => void;

interface Downlinks {
  readonly topic: string;
  sent: number;
  acknowledged: number;
  window: number;
  limit: number;
}

export class CountingHub {
  /** Topics with an account, in the order of the links. */
  readonly streams = new Map<string, NumberedStream>();
  /** Messages without a number, or of other topics. */
  others = 0;
  /** QoS 1 messages in all, with duplicates. */
  published = 0;
  /** Times of the last CONNACK, and of the first PUBLISH after it. 0: none. */
  connackAtUs = 0;
  firstPublishAtUs = 0;
  /** Payloads are lines of JSON with the number in field `n`. */
  countsLines = false;
  /** Bytes of an envelope before each payload. */
  envelopeBytes = 0;
  onArrived: OnArrived = () => undefined;
  readonly #places = new Map<string, number>();
  readonly #sessions = new Set<string>();
  readonly #downlinks: Downlinks[] = [];
  readonly #waiting = new Map<number, Downlinks>();
  #lastId = 0;
  #server: Server | undefined;
  #socket: Socket | undefined;
  #port = 0;

  get port(): number {
    return this.#port;
  }

  get isConnected(): boolean {
    return this.#socket !== undefined && this.connackAtUs > 0;
  }

  countTopic(topic: string): void {
    this.#places.set(topic, this.streams.size);
    this.streams.set(topic, new NumberedStream());
  }

  get arrived(): number {
    let sum = 0;
    for (const stream of this.streams.values()) sum += stream.arrived;
    return sum;
  }

  /** Accepts connections, again at the same port. */
  async open(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    server.listen(this.#port, HOST);
    await once(server, 'listening');
    const address = server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
    this.#server = server;
  }

  /** Ends all connections and refuses new ones. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    this.#socket?.destroy();
    this.#socket = undefined;
    this.connackAtUs = 0;
    this.firstPublishAtUs = 0;
    await closed;
  }

  /** Sends `limit` messages more to each topic, at most `window` of them without PUBACK. */
  sendDownlinks(
    topics: readonly string[],
    { window, limit }: { readonly window: number; readonly limit: number },
  ): void {
    for (const topic of topics) {
      let downlinks = this.#downlinks.find((one) => one.topic === topic);
      if (downlinks === undefined) {
        downlinks = { topic, sent: 0, acknowledged: 0, window, limit: 0 };
        this.#downlinks.push(downlinks);
      }
      downlinks.window = window;
      downlinks.limit = downlinks.sent + limit;
    }
    const socket = this.#socket;
    if (socket !== undefined) for (const downlinks of this.#downlinks) this.#sendMore(socket, downlinks);
  }

  stopDownlinks(): void {
    for (const downlinks of this.#downlinks) downlinks.limit = downlinks.sent;
  }

  get downlinksSent(): number {
    return this.#downlinks.reduce((sum, { sent }) => sum + sent, 0);
  }

  get downlinksAcknowledged(): number {
    return this.#downlinks.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  #serve(socket: Socket): void {
    let held: Buffer = Buffer.alloc(0);
    this.#socket?.destroy();
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    socket.on('data', (bytes: Buffer) => {
      const all = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const ids: number[] = [];
      let start = 0;
      for (let packet = packetAt(all, start); packet !== undefined; packet = packetAt(all, start)) {
        this.#handle(socket, all, packet, ids);
        start = packet.end;
      }
      held = all.subarray(start);
      if (ids.length > 0) socket.write(pubacks(ids));
    });
  }

  #handle(socket: Socket, bytes: Buffer, packet: Packet, ids: number[]): void {
    switch (packet.type) {
      case TYPE.publish:
        return this.#count(bytes, packet, ids);
      case TYPE.puback:
        return this.#delivered(socket, bytes.readUInt16BE(packet.at));
      case TYPE.connect: {
        const at = packet.at + LONGEST_CLIENT_ID_AT;
        const clientId = bytes.toString('latin1', at + 2, at + 2 + bytes.readUInt16BE(at));
        socket.write(connack(this.#sessions.has(clientId)));
        this.#sessions.add(clientId);
        this.connackAtUs = nowUs();
        this.firstPublishAtUs = 0;
        return;
      }
      case TYPE.subscribe:
        socket.write(suback(bytes, packet));
        return;
      case TYPE.unsubscribe:
        socket.write(unsuback(bytes, packet));
        return;
      case TYPE.pingreq:
        socket.write(PINGRESP);
        return;
    }
  }

  #count(bytes: Buffer, { at, end, flags }: Packet, ids: number[]): void {
    if (this.firstPublishAtUs === 0) this.firstPublishAtUs = nowUs();
    const topicEnd = at + 2 + bytes.readUInt16BE(at);
    const topic = bytes.toString('latin1', at + 2, topicEnd);
    const isAnswered = (flags & 0b110) !== 0;
    if (isAnswered) {
      this.published += 1;
      ids.push(bytes.readUInt16BE(topicEnd));
    }
    const payloadAt = topicEnd + (isAnswered ? 2 : 0) + this.envelopeBytes;
    const number = this.countsLines ? numberInLine(bytes, payloadAt) : numberIn(bytes, payloadAt, end);
    const stream = this.streams.get(topic);
    if (stream === undefined || number === 0) {
      this.others += 1;
      return;
    }
    stream.arrive(number);
    this.onArrived(this.#places.get(topic) ?? 0, number);
  }

  #delivered(socket: Socket, id: number): void {
    const downlinks = this.#waiting.get(id);
    if (downlinks === undefined) return;
    this.#waiting.delete(id);
    downlinks.acknowledged += 1;
    this.#sendMore(socket, downlinks);
  }

  #sendMore(socket: Socket, downlinks: Downlinks): void {
    while (downlinks.sent < downlinks.limit && downlinks.sent - downlinks.acknowledged < downlinks.window) {
      this.#lastId = (this.#lastId % IDS) + 1;
      this.#waiting.set(this.#lastId, downlinks);
      socket.write(publish(downlinks.topic, this.#lastId, payloadOf((downlinks.sent % IDS) + 1)));
      downlinks.sent += 1;
    }
  }
}
