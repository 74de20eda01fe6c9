/**
 * Trial of permissions at the hub, for a gateway that does not run: one CONNECT with its identity, one SUBSCRIBE for
 * each filter, and one empty message with QoS 1 on each topic.
 *
 * The subscriptions are those that the gateway itself makes at its next connection, so a session at the hub loses
 * nothing. No message of the hub is acknowledged, so the hub sends it again later. A session that this trial has
 * created is deleted afterwards.
 */
import type { MqttPacket } from '../codec/mqtt.ts';
import { encodeMqtt, MqttReader } from '../codec/mqtt-wire.ts';
import { connectOnce, type HubTrialOptions } from './hub-trial.ts';

export interface PermissionPlan {
  readonly filters: readonly string[];
  readonly topics: readonly string[];
}

/** `closed`: the hub closed the connection on it; `not tried`: the trial ended before. */
export type PermissionAnswer = 'granted' | 'refused' | 'no answer' | 'closed' | 'not tried';

export interface PermissionResult {
  readonly connect: { readonly returnCode: number | undefined; readonly problem: string | undefined };
  readonly filters: ReadonlyMap<string, PermissionAnswer>;
  readonly topics: ReadonlyMap<string, PermissionAnswer>;
}

/** Longest wait for one answer, ms. */
const ANSWER_MS_MAX = 3000;
const KEEP_ALIVE_S = 60;
const NOTHING = new Uint8Array(0);

interface Step {
  readonly kind: 'filter' | 'topic';
  readonly name: string;
  readonly packet: MqttPacket;
}

function stepsOf({ filters, topics }: PermissionPlan): Step[] {
  const subscribe = filters.map(
    (filter, index): Step => ({
      kind: 'filter',
      name: filter,
      packet: { kind: 'subscribe', packetId: index + 1, subscriptions: [{ filter, qos: 1 }] },
    }),
  );
  const publish = topics.map(
    (topic, index): Step => ({
      kind: 'topic',
      name: topic,
      packet: {
        kind: 'publish',
        topic,
        payload: NOTHING,
        qos: 1,
        retain: false,
        dup: false,
        packetId: filters.length + index + 1,
      },
    }),
  );
  return [...subscribe, ...publish];
}

/** Never rejects. */
export async function tryPermissions(options: HubTrialOptions, plan: PermissionPlan): Promise<PermissionResult> {
  const { result, isNewSession } = await new Trial(options, plan).run();
  if (isNewSession) await connectOnce(options, true);
  return result;
}

class Trial {
  readonly #options: HubTrialOptions;
  readonly #steps: readonly Step[];
  readonly #answers = {
    filter: new Map<string, PermissionAnswer>(),
    topic: new Map<string, PermissionAnswer>(),
  };
  #at = -1;
  #timer: NodeJS.Timeout | undefined;
  #isNewSession = false;
  #isOver = false;

  constructor(options: HubTrialOptions, plan: PermissionPlan) {
    this.#options = options;
    this.#steps = stepsOf(plan);
    for (const { kind, name } of this.#steps) this.#answers[kind].set(name, 'not tried');
  }

  run(): Promise<{ readonly result: PermissionResult; readonly isNewSession: boolean }> {
    const { open, credentials, packetBytesMax, signal } = this.#options;
    const reader = new MqttReader({ packetBytesMax });
    return new Promise((resolve) => {
      const end = (returnCode: number | undefined, problem: string | undefined): void => {
        if (this.#isOver) return;
        this.#isOver = true;
        clearTimeout(this.#timer);
        const { filter: filters, topic: topics } = this.#answers;
        resolve({ result: { connect: { returnCode, problem }, filters, topics }, isNewSession: this.#isNewSession });
      };
      const next = (): void => {
        clearTimeout(this.#timer);
        this.#at += 1;
        const step = this.#steps[this.#at];
        if (step === undefined) {
          channel.write(encodeMqtt({ kind: 'disconnect' }));
          channel.close('the trial is over');
          return end(0, undefined);
        }
        this.#answer('closed'); // until another answer arrives
        channel.write(encodeMqtt(step.packet));
        this.#timer = setTimeout(() => {
          this.#answer('no answer');
          next();
        }, ANSWER_MS_MAX);
      };
      const channel = open({
        opened: () =>
          channel.write(
            encodeMqtt({
              kind: 'connect',
              ...credentials(),
              cleanSession: false,
              keepAliveS: KEEP_ALIVE_S,
              will: undefined,
            }),
          ),
        bytes: (bytes) => {
          for (const packet of reader.push(bytes)) {
            if (!packet.ok) return channel.close(`the hub broke the protocol: ${packet.problem}`);
            if (packet.value.kind === 'connack') {
              const { returnCode, sessionPresent } = packet.value;
              if (returnCode !== 0) return end(returnCode, undefined);
              this.#isNewSession = !sessionPresent;
              next();
            } else if (this.#isAnsweredBy(packet.value)) next();
          }
        },
        closed: (reason) => end(this.#at < 0 ? undefined : 0, reason),
      });
      signal.addEventListener('abort', () => channel.close('the trial took too long'), { once: true });
    });
  }

  #answer(answer: PermissionAnswer): void {
    const step = this.#steps[this.#at];
    if (step !== undefined) this.#answers[step.kind].set(step.name, answer);
  }

  #isAnsweredBy(packet: MqttPacket): boolean {
    if ((packet.kind !== 'suback' && packet.kind !== 'puback') || packet.packetId !== this.#at + 1) return false;
    this.#answer(packet.kind === 'suback' && packet.returnCodes[0] === 0x80 ? 'refused' : 'granted');
    return true;
  }
}
