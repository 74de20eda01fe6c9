/** The gateway protocol in a rig: requests are taken from it and results put in, with a manual clock. */
import { expect } from 'vitest';
import { type HubIdentity, identityKey } from '../../../../src/base/hub-identity.ts';
import { GatewayOperations, type GatewayOperationsOptions } from '../../../../src/hub/gateway/gateway-operations.ts';
import type { HubServiceEvent } from '../../../../src/hub/gateway/hub-service.ts';

const GATEWAY = { productId: 'GGGGGGGGGG', deviceName: 'gw' };
export const identityOf = (name: string): HubIdentity => ({ productId: 'PPPPPPPPPP', deviceName: name });

interface Asked {
  readonly type: string;
  readonly payload?: { readonly devices?: readonly { readonly device_name: string }[] };
}

export class OperationsBench {
  readonly operations: GatewayOperations;
  nowMs = 0;
  /** Names of the subdevices with uplinks to send. */
  readonly uplinks = new Set<string>();

  /** @param names configured subdevices */
  constructor(names: readonly string[], options: Partial<GatewayOperationsOptions> = {}) {
    this.operations = new GatewayOperations({
      gateway: GATEWAY,
      configured: names.map(identityOf),
      bind: 'manual',
      signMethod: 'hmacsha256',
      secretOf: () => undefined,
      wallMs: () => 1_800_000_000_000,
      random: () => 0.5,
      payloadBytesMax: 16_384,
      operationsBatchMax: 64,
      hasUplinks: ({ deviceName }) => this.uplinks.has(deviceName),
      ...options,
    });
  }

  present(...names: string[]): this {
    for (const name of names) this.operations.setPresent(identityOf(name), true);
    return this;
  }

  absent(name: string): this {
    this.operations.setPresent(identityOf(name), false);
    return this;
  }

  connect(): this {
    this.operations.connected();
    return this;
  }

  /** Connected rig with a list of these bound subdevices; earlier messages are removed. */
  listed(...names: string[]): this {
    this.connect();
    this.sent();
    this.list(...names);
    return this;
  }

  /** Messages that are sent to the hub now. */
  sent(): unknown[] {
    const all: unknown[] = [];
    for (let next = this.operations.next(this.nowMs); next !== undefined; next = this.operations.next(this.nowMs)) {
      expect(next.topic).toBe('$gateway/operation/GGGGGGGGGG/gw');
      expect(next.payload.length + next.topic.length).toBeLessThan(16_384);
      all.push(JSON.parse(new TextDecoder().decode(next.payload)));
      if (all.length > 2000) throw new Error('it never ends');
    }
    return all;
  }

  /** Requests that are sent to the hub now: verb and device names of each message. */
  asked(): string[] {
    return (this.sent() as Asked[]).map(({ type, payload }) =>
      [type, ...(payload?.devices ?? []).map(({ device_name }) => device_name)].join(' '),
    );
  }

  /** Advances the clock to `ms`, second by second. @returns requests sent meanwhile, with their times */
  until(ms: number): string[] {
    const asked: string[] = [];
    while (this.nowMs < ms) {
      this.nowMs += 1000;
      asked.push(...this.asked().map((message) => `${this.nowMs / 1000} s: ${message}`));
    }
    return asked;
  }

  answer(type: string, name: string, result = 0): string[] {
    return this.receive({ type, payload: { devices: [{ ...deviceOf(name), result }] } });
  }

  list(...names: string[]): string[] {
    return this.receive({ type: 'describe_sub_devices', payload: { devices: names.map(deviceOf) } });
  }

  change(status: number, ...names: string[]): string[] {
    return this.receive({ type: 'change', payload: { status, devices: names.map(deviceOf) } });
  }

  receive(message: unknown): string[] {
    return this.hear(new TextEncoder().encode(JSON.stringify(message)));
  }

  /** @returns the resulting events, as texts */
  hear(payload: Uint8Array): string[] {
    const topic = '$gateway/operation/result/GGGGGGGGGG/gw';
    return this.operations.onReceived({ topic, payload, qos: 1 }, this.nowMs).flatMap(wordsOf);
  }

  bindingOf(name: string): string | undefined {
    return this.operations.bindings.of(identityOf(name))?.binding;
  }

  get unconfiguredDevices(): string[] {
    return this.operations.bindings.unconfiguredDevices.map(identityKey);
  }
}

function deviceOf(name: string): { readonly product_id: string; readonly device_name: string } {
  const { productId, deviceName } = identityOf(name);
  return { product_id: productId, device_name: deviceName };
}

function wordsOf(report: HubServiceEvent): string | string[] {
  switch (report.kind) {
    case 'notice':
      return report.sentence;
    case 'announced':
    case 'remoteCommand':
    case 'remoteRejected':
    case 'configuration':
    case 'configurationRejected':
    case 'time':
      return [];
    case 'binding':
      return `${report.identity.deviceName} ${report.isBound ? 'bound' : 'unbound'}`;
    case 'answered':
      return `${report.verb} ${report.identity.deviceName}: ${report.code}`;
    case 'described':
      return 'listed';
  }
}
