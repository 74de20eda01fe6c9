/**
 * Observation of the demonstration: events of the story, counts of both ends, and the backlog reported by the gateway.
 * Produces scenes on request.
 */
import type { QueueReport } from '../../ops/reports/report.ts';
import { sumAccounts } from '../account.ts';
import type { Plan } from './demo-plan.ts';
import { FlashMeter } from './flash-meter.ts';
import type { DemoAct, GatewayState, ReplayScene, Scene } from './scene.ts';
import { GATEWAY_NAME, type Stage } from './stage.ts';

const ASK_EVERY_MS = 200;
/** Share of the drain after which its end can be estimated. */
const FORESEEABLE = 0.1;

export class Watch {
  readonly flash = new FlashMeter();
  /** Session present flag of the hub's last CONNACK; `undefined` until there is one. */
  sessionPresent: boolean | undefined;
  kills = 0;
  /** Largest number of messages that waited for the hub, as reported by the gateway. */
  backlogMax = 0;
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #startedMs: number;
  #act: DemoAct = 0;
  #actSinceMs: number;
  #gateway: GatewayState = 'starting';
  #hub: 'near' | 'away' = 'near';
  #hubSinceMs: number;
  #backlog: QueueReport | undefined;
  /** Counts at the return of the hub; `undefined` before. */
  #atReturn: { readonly missing: number; readonly delivered: number; readonly ms: number } | undefined;

  constructor(stage: Stage, plan: Plan) {
    this.#stage = stage;
    this.#plan = plan;
    this.#startedMs = stage.clock.nowMs();
    this.#actSinceMs = this.#startedMs;
    this.#hubSinceMs = this.#startedMs;
    stage.hub.onEvent((event) => {
      if (event.kind === 'connected') this.sessionPresent = event.sessionPresent;
    });
  }

  /** Queries the gateway periodically. Returns a function that stops this. */
  start(): () => void {
    const asking = setInterval(() => void this.ask(), ASK_EVERY_MS);
    return () => clearInterval(asking);
  }

  begin(act: DemoAct): void {
    this.#act = act;
    this.#actSinceMs = this.#stage.clock.nowMs();
  }

  gatewayIs(state: GatewayState): void {
    this.#gateway = state;
    if (state === 'killed') this.#backlog = undefined;
  }

  get gatewayState(): GatewayState {
    return this.#gateway;
  }

  hubIs(state: 'near' | 'away'): void {
    this.#hub = state;
    this.#hubSinceMs = this.#stage.clock.nowMs();
  }

  /** Called when the hub is back: from now on the missing readings arrive. */
  beginReplay(): void {
    this.hubIs('near');
    this.#atReturn = { missing: this.missing, delivered: this.delivered, ms: this.#hubSinceMs };
  }

  /** Time since the hub came or went. */
  get hubForMs(): number {
    return this.#stage.clock.nowMs() - this.#hubSinceMs;
  }

  /** Readings acknowledged to a subdevice that have not arrived. */
  get missing(): number {
    return sumAccounts(this.#stage.subdevices.map(({ uplinks }) => uplinks)).missing;
  }

  get delivered(): number {
    return sumAccounts(this.#stage.subdevices.map(({ uplinks }) => uplinks)).delivered;
  }

  scene(): Scene {
    const { hub, gateway, subdevices, clock } = this.#stage;
    return {
      seconds: this.#plan.seconds,
      seed: this.#plan.seed,
      elapsedMs: clock.nowMs() - this.#startedMs,
      act: this.#act,
      progress: this.#progress(),
      subdevices: subdevices.map(({ id, isConnected, uplinks, downlinks }) => ({
        id,
        isConnected,
        sent: uplinks.sent,
        acknowledged: uplinks.acknowledged,
        delivered: uplinks.delivered,
        missing: uplinks.missing,
        commandsSent: downlinks.sent,
        commandsDelivered: downlinks.delivered,
      })),
      gateway: { state: this.#gateway, pid: gateway.pid, kills: this.kills },
      backlog: this.#backlog,
      replay: this.#replay(),
      hub: {
        state: this.#hub,
        forMs: this.hubForMs,
        sessionPresent: this.sessionPresent,
        stored: hub.stored(GATEWAY_NAME),
      },
      flash: { steadyBytes: this.flash.bytesIn('steady'), awayBytes: this.flash.bytesIn('away') },
    };
  }

  #progress(): number {
    const { steadyMs, awayMs, deadMs, stillAwayMs, replayMs } = this.#plan;
    // Besides the plan: the first start, the second, the drain; about a second each, as measured.
    const actsMs = [1500 + steadyMs, awayMs, deadMs + 1500 + stillAwayMs, replayMs, 1000];
    const doneMs = actsMs.slice(0, this.#act).reduce((sum, ms) => sum + ms, 0);
    const actMs = actsMs[this.#act] ?? 0;
    const withinMs = Math.min(actMs, this.#stage.clock.nowMs() - this.#actSinceMs);
    return (doneMs + withinMs) / actsMs.reduce((sum, ms) => sum + ms, 0);
  }

  #replay(): ReplayScene | undefined {
    if (this.#atReturn === undefined) return undefined;
    const { missing, delivered, ms } = this.#atReturn;
    const forMs = this.#stage.clock.nowMs() - ms;
    const share = missing === 0 ? 1 : Math.max(0, 1 - this.missing / missing);
    return {
      share,
      perS: forMs === 0 ? 0 : ((this.delivered - delivered) * 1000) / forMs,
      etaMs: share < FORESEEABLE ? null : (forMs * (1 - share)) / share,
    };
  }

  /** Reads the messages pending in the gateway. */
  async ask(): Promise<void> {
    if (this.#gateway !== 'running') return;
    // A gateway that is being killed or stopped does not answer.
    const status = await this.#stage.gateway.status().catch(() => undefined);
    if (this.#gateway !== 'running') return;
    if (status !== undefined) this.#backlog = status.outbox;
    this.backlogMax = Math.max(this.backlogMax, status?.outbox.messages ?? 0);
  }
}
