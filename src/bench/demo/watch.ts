/**
 * Observation of the demonstration: events of the story, counts of both ends, and the backlog reported by the gateway.
 * Produces scenes on request.
 */
import { sumAccounts } from '../account.ts';
import { FlashMeter } from './flash-meter.ts';
import type { DemoAct, GatewayState, Scene } from './scene.ts';
import type { Stage } from './stage.ts';

const ASK_EVERY_MS = 200;

export class Watch {
  readonly flash = new FlashMeter();
  /** Session present flag of the hub's last CONNACK; `undefined`: no CONNACK yet. */
  sessionPresent: boolean | undefined;
  kills = 0;
  /** Largest number of messages that waited for the hub, as reported by the gateway. */
  backlogMax = 0;
  readonly #stage: Stage;
  readonly #startedMs: number;
  #act: DemoAct = 0;
  #gateway: GatewayState = 'starting';
  #hub: 'up' | 'away' = 'up';
  #hubSinceMs: number;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#startedMs = stage.clock.nowMs();
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
  }

  gatewayIs(state: GatewayState): void {
    this.#gateway = state;
  }

  get gatewayState(): GatewayState {
    return this.#gateway;
  }

  hubIs(state: 'up' | 'away'): void {
    this.#hub = state;
    this.#hubSinceMs = this.#stage.clock.nowMs();
  }

  /** Time since the last change of the hub between `up` and `away`, ms. */
  get hubForMs(): number {
    return this.#stage.clock.nowMs() - this.#hubSinceMs;
  }

  /** Number of readings that were acknowledged to a subdevice and have not arrived. */
  get missing(): number {
    return sumAccounts(this.#stage.subdevices.map(({ uplinks }) => uplinks)).missing;
  }

  get delivered(): number {
    return sumAccounts(this.#stage.subdevices.map(({ uplinks }) => uplinks)).delivered;
  }

  scene(): Scene {
    const { subdevices, clock } = this.#stage;
    const readings = sumAccounts(subdevices.map(({ uplinks }) => uplinks));
    const commands = sumAccounts(subdevices.map(({ downlinks }) => downlinks));
    return {
      elapsedMs: clock.nowMs() - this.#startedMs,
      act: this.#act,
      acknowledged: readings.acknowledged,
      delivered: readings.delivered,
      missing: readings.missing,
      commandsSent: commands.sent,
      commandsDelivered: commands.delivered,
      gateway: this.#gateway,
      hub: this.#hub,
    };
  }

  /** Reads the messages pending in the gateway. */
  async ask(): Promise<void> {
    if (this.#gateway !== 'running') return;
    // A gateway that is being killed or stopped does not answer.
    const status = await this.#stage.gateway.status().catch(() => undefined);
    if (this.#gateway !== 'running') return;
    this.backlogMax = Math.max(this.backlogMax, status?.outbox.messages ?? 0);
  }
}
