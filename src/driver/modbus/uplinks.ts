/**
 * Uplinks of a Modbus unit and their progress: results of commands in their order, then the state.
 *
 * Invariants: at most `uplinksMax` unanswered. A state rejected for congestion is reported later with its then current
 * values. A result is never dropped: with `RESULTS_MAX` pending there is no room for another.
 */
import type { DriverReport, RefuseReason } from '../driver.ts';
import type { CommandResult } from './command.ts';
import { encodeJson } from './json.ts';
import type { ModbusState } from './unit-state.ts';

export interface UplinkPlan {
  readonly subdevice: string;
  readonly stateTopic: string;
  readonly resultTopic: string;
}

export interface UnitPorts {
  readonly report: (report: DriverReport) => void;
  readonly drawToken: () => number;
  readonly uplinksMax: number;
}

const RESULTS_MAX = 16;
/**
 * Pause after a rejection for congestion, ms. There is room again when the hub acknowledges messages, or after the next
 * commit.
 */
const AGAIN_MS = 1000;

export class ModbusUplinks {
  private readonly plan: UplinkPlan;
  private readonly state: ModbusState;
  private readonly ports: UnitPorts;
  /** Token → result, or `state`, whose current values are reported again. */
  private unanswered = new Map<number, Uint8Array | 'state'>();
  private results: Uint8Array[] = [];
  private againAtMs = 0;
  private refusalCount = 0;

  constructor(plan: UplinkPlan, state: ModbusState, ports: UnitPorts) {
    this.plan = plan;
    this.state = state;
    this.ports = ports;
  }

  /** Number of uplinks rejected by the flow. */
  get refusals(): number {
    return this.refusalCount;
  }

  get hasRoomForResult(): boolean {
    const underWay = [...this.unanswered.values()].filter((uplink) => uplink !== 'state').length;
    return underWay + this.results.length < RESULTS_MAX;
  }

  addResult(result: CommandResult): void {
    this.results.push(encodeJson(result));
  }

  /**
   * Reports waiting results, even if the unit is gone, and the state only if the unit is present. `isBehind`: other
   * blocks of the unit are due; the state waits for them.
   */
  report({ isHere, isBehind }: { readonly isHere: boolean; readonly isBehind: boolean }, nowMs: number): void {
    if (nowMs < this.againAtMs) return;
    this.againAtMs = 0;
    const { stateTopic, resultTopic } = this.plan;
    for (let result = this.results[0]; result !== undefined && this.hasRoom; result = this.results[0]) {
      this.results.shift();
      this.unanswered.set(this.publish(resultTopic, result), result);
    }
    if (!isHere || !this.hasRoom || !this.state.isDue(isBehind, nowMs)) return;
    this.unanswered.set(this.publish(stateTopic, encodeJson(this.state.report(nowMs))), 'state');
  }

  /** Time of the next report without a new event, monotonic ms. `undefined`: there is none. */
  wakeAtMs(isHere: boolean): number | undefined {
    const hasWord = this.results.length > 0 || (isHere && this.state.hasNews);
    return hasWord && this.hasRoom && this.againAtMs > 0 ? this.againAtMs : undefined;
  }

  /** Called when an uplink is in custody. */
  settled(token: number): void {
    this.unanswered.delete(token);
  }

  refused(token: number, why: RefuseReason, nowMs: number): void {
    const uplink = this.unanswered.get(token);
    if (uplink === undefined) return;
    this.unanswered.delete(token);
    this.refusalCount += 1;
    if (why !== 'congestion') return; // the reason is permanent: the flow has counted the message
    this.againAtMs = nowMs + AGAIN_MS;
    if (uplink === 'state') this.state.reportAgain(nowMs);
    else this.results.unshift(uplink);
  }

  private get hasRoom(): boolean {
    return this.unanswered.size < this.ports.uplinksMax;
  }

  /** @returns the token of the uplink */
  private publish(topic: string, payload: Uint8Array): number {
    const token = this.ports.drawToken();
    this.ports.report({ kind: 'uplink', subdevice: this.plan.subdevice, topic, payload, qos: 1, token });
    return token;
  }
}
