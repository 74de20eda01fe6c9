/**
 * Application side of a platform with shared topics, written by the public documents of the gateway API of ThingsBoard
 * alone: checks each document, and sends commands and attributes.
 */
import type { Mosquitto } from './mosquitto.ts';

interface Telemetry {
  readonly device: string;
  /** `undefined`: the platform uses the time of arrival. */
  readonly ts: number | undefined;
  readonly values: Readonly<Record<string, unknown>>;
}

interface RpcAnswer {
  readonly device: string;
  readonly id: number;
  readonly data: unknown;
}

type Table = Readonly<Record<string, unknown>>;

export class DocumentPlatform {
  readonly #broker: Mosquitto;
  /** Texts of the messages that the platform itself has sent: the broker returns them. */
  readonly #own = new Set<string>();
  /** Documents that are not as documented. */
  readonly complaints: string[] = [];
  readonly telemetry: Telemetry[] = [];
  readonly attributes: Record<string, Table> = {};
  readonly answers: RpcAnswer[] = [];
  readonly online = new Set<string>();
  /** Number of messages that a device is connected. */
  connects = 0;

  constructor(broker: Mosquitto) {
    this.#broker = broker;
  }

  async listen(): Promise<void> {
    await this.#broker.listen('v1/#', (topic, text) => {
      if (topic === 'v1/probe' || this.#own.has(text)) return;
      try {
        if (!this.#read(topic, JSON.parse(text))) this.complaints.push(`${topic} ${text}`);
      } catch {
        this.complaints.push(`${topic} ${text}`);
      }
    });
  }

  rpc(device: string, id: number, method: string): Promise<void> {
    return this.send('v1/gateway/rpc', JSON.stringify({ device, data: { id, method, params: {} } }));
  }

  /** Sends any text. */
  async send(topic: string, text: string): Promise<void> {
    this.#own.add(text);
    await this.#broker.publish(topic, [text]);
  }

  #read(topic: string, document: unknown): boolean {
    if (!isTable(document)) return false;
    switch (topic) {
      case 'v1/gateway/connect':
      case 'v1/gateway/disconnect':
        return this.#readPresence(document, topic.endsWith('/connect'));
      case 'v1/gateway/telemetry':
        return Object.entries(document).every(([device, list]) => this.#readTelemetry(device, list));
      case 'v1/gateway/attributes':
        return Object.entries(document).every(([device, values]) => this.#readAttributes(device, values));
      case 'v1/gateway/rpc':
        return this.#readAnswer(document);
      default:
        return false;
    }
  }

  #readPresence(document: Table, isOnline: boolean): boolean {
    const { device, ...rest } = document;
    if (typeof device !== 'string' || Object.keys(rest).length > 0) return false;
    if (isOnline) this.online.add(device);
    else this.online.delete(device);
    if (isOnline) this.connects += 1;
    return true;
  }

  #readTelemetry(device: string, list: unknown): boolean {
    if (!Array.isArray(list) || list.length === 0) return false;
    return list.every((entry: unknown) => {
      if (!isTable(entry)) return false;
      const isDated = 'ts' in entry && 'values' in entry;
      const { ts, values, ...rest } = isDated ? entry : { ts: undefined, values: entry };
      if (!isTable(values) || Object.keys(rest).length > 0) return false;
      if (isDated && !Number.isSafeInteger(ts)) return false;
      this.telemetry.push({ device, ts: isDated ? Number(ts) : undefined, values });
      return true;
    });
  }

  #readAttributes(device: string, values: unknown): boolean {
    if (!isTable(values)) return false;
    this.attributes[device] = { ...this.attributes[device], ...values };
    return true;
  }

  #readAnswer({ device, id, data, ...rest }: Table): boolean {
    if (typeof device !== 'string' || typeof id !== 'number' || data === undefined) return false;
    this.answers.push({ device, id, data });
    return Object.keys(rest).length === 0;
  }
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
