/**
 * Envelopes that arrive at the application side, compared with the truth of the world: when the gateway accepted the
 * message, and what time it was then.
 */
import type { Message } from '../../src/base/message.ts';
import { type OpenedEnvelope, opened } from '../envelope-reader.ts';
import type { SimDevice } from './sim-device.ts';
import { WALL_MS, type World } from './world.ts';

/** Error of a trusted clock: it is corrected only if it differs by more than this (`base/clock-trust.ts`), ms. */
const CLOCK_ERROR_MS = 2001;
/** Longest way from the gateway to the hub, ms. */
const WAY_MS = 100;
/** Time around a CONNECT in which a message may be older or newer than the connection, ms. */
const CONNECT_MS = 5000;

export class ArrivedEnvelopes {
  readonly #world: World;
  /** Number of a message → its topic and payload. */
  readonly #payloads = new Map<number, string>();
  /** Envelopes by the quality of their time. */
  readonly seen = { exact: 0, at_least: 0, none: 0 };

  constructor(world: World) {
    this.#world = world;
  }

  /** @param payload without its document */
  payloadIn(subdevice: SimDevice | undefined, payload: Uint8Array): Uint8Array {
    return this.#isEnclosed(subdevice) ? opened(payload).payload : payload;
  }

  /** Judges the envelope of an uplink. @param payload without its document @returns the payload of the subdevice */
  arrived(subdevice: SimDevice | undefined, topic: string, payload: Uint8Array): Uint8Array {
    if (!this.#isEnclosed(subdevice)) return payload;
    const envelope = opened(payload);
    this.seen[envelope.time_quality] += 1;
    const problem = envelope.seq === null ? undefined : this.#problemOf(topic, envelope, envelope.seq);
    if (problem !== undefined) this.#world.complain(`envelope of ${topic}, number ${envelope.seq}: ${problem}`);
    return envelope.payload;
  }

  /** The gateway's own messages have no envelope. */
  #isEnclosed(subdevice: SimDevice | undefined): boolean {
    return this.#world.scenario.envelope !== undefined && subdevice !== undefined;
  }

  /** Judges the time in the document of an uplink: exact within a boot, otherwise not before the measurement. */
  judgeDocument(subdevice: SimDevice | undefined, { topic, payload, qos }: Message, ms: number): void {
    const { gateway, observer, time, bootedAtMs } = this.#world;
    const lane = gateway?.stations.registry.byId(subdevice?.id ?? '')?.lane;
    if (lane === undefined || qos === 0) return;
    const acceptances = observer.acceptancesOfUplink(lane, { topic, payload });
    const latestMs = (atMs: number): number => (atMs >= bootedAtMs ? atMs : time.nowMs);
    const isPossible = acceptances.some(
      (atMs) => ms - WALL_MS >= atMs - CLOCK_ERROR_MS && ms - WALL_MS <= latestMs(atMs) + CLOCK_ERROR_MS,
    );
    if (!isPossible)
      this.#world.complain(
        `the time in a document of ${subdevice?.id} is ${ms - WALL_MS}, accepted at ${acceptances.join(', ')}`,
      );
  }

  #problemOf(topic: string, envelope: OpenedEnvelope, seq: number): string | undefined {
    const message = `${topic} ${Buffer.from(envelope.payload).toString('latin1')}`;
    if ((this.#payloads.get(seq) ?? message) !== message) return 'another message had this number';
    this.#payloads.set(seq, message);
    const acceptances = this.#world.observer.acceptancesOf(seq);
    const problems = acceptances.map((atMs) => this.#timeProblem(envelope, atMs));
    if (!problems.includes(undefined)) return problems[0] ?? 'it was never accepted';
    const [atMs, other] = acceptances;
    return atMs === undefined || other !== undefined ? undefined : this.#replayProblem(envelope, atMs);
  }

  /** @param atMs world time of the acceptance */
  #timeProblem({ age_ms, age_quality, time_quality, measured_at }: OpenedEnvelope, atMs: number): string | undefined {
    const ageMs = this.#world.time.nowMs - atMs;
    if (age_ms > ageMs) return `age ${age_ms} ms, but the message is ${ageMs} ms old`;
    if (age_quality === 'exact' && age_ms < ageMs - WAY_MS) return `exact age ${age_ms} ms instead of ${ageMs} ms`;
    if (time_quality === 'none') return measured_at === null ? undefined : 'a time of no quality';
    const lateMs = Date.parse(measured_at ?? '') - (WALL_MS + atMs);
    const isWrong = time_quality === 'exact' && !(Math.abs(lateMs) <= CLOCK_ERROR_MS);
    if (isWrong || !(lateMs >= -CLOCK_ERROR_MS))
      return `its time (${time_quality}) is wrong by ${Math.round(lateMs)} ms`;
    return undefined;
  }

  #replayProblem({ replayed }: OpenedEnvelope, atMs: number): string | undefined {
    const beforeMs = this.#world.tap.connectedAtMs - atMs;
    if (replayed ? beforeMs < -CONNECT_MS : beforeMs > 0)
      return `replayed is ${replayed}, accepted ${beforeMs} ms before CONNECT`;
    return undefined;
  }
}
