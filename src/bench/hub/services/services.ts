/**
 * All services of the hub besides `$gateway`, and the commands of the application side to them.
 *
 * Built once per hub by `server.ts`; `application.ts` passes the commands. A command changes a service at once and
 * returns messages for the hub to route.
 */
import { z } from 'zod';
import type { Message } from '../../../base/message.ts';
import type { BenchService } from '../service-contract.ts';
import { BroadcastService } from './broadcast.ts';
import { LogLevelService } from './log-level.ts';
import { NtpService } from './ntp.ts';
import { Firmware, OtaService } from './ota.ts';
import { RemoteConfigService } from './remote-config.ts';
import { RrpcService } from './rrpc.ts';
import { JsonState, SHADOW_RESULT, ShadowService } from './shadow.ts';

const Device = z.strictObject({ product: z.string().min(1), device: z.string().min(1) });

export const ServiceCommand = z.discriminatedUnion('kind', [
  /**
   * Sets the desired state; null clears the state. With `version`, the change is made only if the shadow has that
   * version.
   */
  z.strictObject({
    kind: z.literal('desire'),
    device: Device,
    state: z.union([JsonState, z.null()]),
    version: z.int().exactOptional(),
  }),
  z.strictObject({ kind: z.literal('shadow'), device: Device }),
  z.strictObject({ kind: z.literal('offerFirmware'), product: z.string(), firmware: Firmware }),
  z.strictObject({ kind: z.literal('firmware'), device: Device }),
  /**
   * Sets the remote configuration and sends it to `devices`. Without `configuration`, the command turns the feature
   * off.
   */
  z.strictObject({
    kind: z.literal('configure'),
    product: z.string(),
    configuration: JsonState.exactOptional(),
    devices: z.array(z.string()).default([]),
  }),
  z.strictObject({ kind: z.literal('logLevel'), device: Device, level: z.literal([0, 1, 2, 3, 4]) }),
  /** Calls a device. The answer is the number of the call; the command `reply` requests the result. */
  z.strictObject({ kind: z.literal('call'), device: Device, payload: z.base64() }),
  z.strictObject({ kind: z.literal('reply'), id: z.string() }),
  z.strictObject({ kind: z.literal('broadcast'), devices: z.array(Device), payload: z.base64() }),
  z.strictObject({ kind: z.literal('ntpStamps'), areSent: z.boolean() }),
]);

export type ServiceCommand = z.output<typeof ServiceCommand>;

/** Result of a command: an answer in JSON, and messages to be routed. */
export interface ServiceOutcome {
  readonly answer: object;
  readonly messages: readonly Message[];
}

const DONE = { done: true };

export class Services {
  readonly #ntp = new NtpService();
  readonly #shadow = new ShadowService();
  readonly #ota = new OtaService();
  readonly #remoteConfig = new RemoteConfigService();
  readonly #logLevel = new LogLevelService();
  readonly #rrpc = new RrpcService();
  readonly #broadcast = new BroadcastService();
  readonly all: readonly BenchService[] = [
    this.#ntp,
    this.#shadow,
    this.#ota,
    this.#remoteConfig,
    this.#logLevel,
    this.#rrpc,
    this.#broadcast,
  ];

  execute(command: ServiceCommand, wallMs: number): ServiceOutcome {
    switch (command.kind) {
      case 'desire': {
        const { result, messages } = this.#shadow.desire(command.device, command, wallMs);
        return { answer: { result, ...(result === SHADOW_RESULT.done ? DONE : {}) }, messages };
      }
      case 'shadow':
        return { answer: this.#shadow.documentOf(command.device), messages: [] };
      case 'offerFirmware':
        return { answer: DONE, messages: this.#ota.offer(command.product, command.firmware) };
      case 'firmware':
        return { answer: this.#ota.stateOf(command.device), messages: [] };
      case 'configure': {
        const { product, configuration, devices } = command;
        this.#remoteConfig.configure(product, configuration);
        const pushed = devices.flatMap((device) => this.#remoteConfig.push({ product, device }) ?? []);
        return { answer: DONE, messages: pushed };
      }
      case 'logLevel':
        this.#logLevel.setLevel(command.device, command.level);
        return { answer: DONE, messages: [] };
      case 'call': {
        const { id, message } = this.#rrpc.call(command.device, bytesOf(command.payload), wallMs);
        return { answer: { id }, messages: [message] };
      }
      case 'reply': {
        const outcome = this.#rrpc.outcome(command.id, wallMs);
        const isReply = outcome.kind === 'replied';
        return {
          answer: isReply ? { ...outcome, payload: Buffer.from(outcome.payload).toString('base64') } : outcome,
          messages: [],
        };
      }
      case 'broadcast': {
        const messages = this.#broadcast.send(command.devices, bytesOf(command.payload));
        if (messages === undefined) return { answer: { problem: 'more than 8 KB in base64' }, messages: [] };
        return { answer: DONE, messages };
      }
      case 'ntpStamps':
        this.#ntp.answersStamps = command.areSent;
        return { answer: DONE, messages: [] };
    }
  }
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
