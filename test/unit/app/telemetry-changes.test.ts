/** Changes of conditions against the newest document of the telemetry: none is left out, also between two looks. */
import { expect, it } from 'vitest';
import type { Gateway } from '../../../src/app/gateway.ts';
import { sendTelemetry } from '../../../src/app/remote.ts';
import { newFacts } from '../../../src/base/events.ts';
import { Telemetry } from '../../../src/flow/telemetry.ts';
import type { Condition, StatusReport } from '../../../src/ops/reports/report.ts';
import { judge } from '../../../src/ops/verdict.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { StepClock } from '../flow/flow-rig.ts';
import { AWAY } from '../ops/api/control-rig.ts';

const TROUBLE: Condition = { code: 'store-filling', losing: 'at risk', forMs: 1, sentence: 'S.', hint: null };

class Rig {
  conditions: readonly Condition[] = [];
  readonly sent: string[][] = [];
  readonly clock = new StepClock();
  readonly #telemetry = new Telemetry({ topic: 't', everyMinutes: 15, onChange: true, retain: false });
  readonly #look: (conditions: readonly Condition[]) => void;

  constructor() {
    const mailbox = new Mailbox((error) => {
      throw error;
    });
    const gateway = {
      telemetry: this.#telemetry,
      stations: { wallClock: { wallMs: () => 5 } },
      hubSender: { send: () => undefined },
      parts: { facts: newFacts(), config: { hub: { payloadBytesMax: 9000 } }, mailbox, clock: this.clock },
    };
    const status = (): StatusReport => judge({ ...AWAY, conditions: this.conditions });
    this.#look = sendTelemetry(gateway as unknown as Gateway, status);
    this.#telemetry.connected(this.clock.nowMs());
    this.send();
  }

  /** Sends a document if one is due, as the hub sender does. */
  send(): void {
    const nowMs = this.clock.nowMs();
    if (this.#telemetry.turn(nowMs) === 'none') return;
    const document = JSON.parse(new TextDecoder().decode(this.#telemetry.take(nowMs)?.payload));
    this.sent.push(document.conditions.map(({ code }: Condition) => code));
  }

  /** Looks every 5 s for the time, and sends. */
  pass(looks: number): void {
    for (let look = 0; look < looks; look += 1) {
      this.clock.pass(5000);
      this.#look(this.conditions);
      this.send();
    }
  }
}

it('a condition that ends before the first look is reported as ended', () => {
  const rig = new Rig();
  rig.conditions = [TROUBLE];
  rig.pass(3);
  rig.conditions = [];
  rig.clock.pass(1);
  rig.pass(3);
  expect(rig.sent).toEqual([[], ['store-filling'], []]);
});

it('a condition of a document that ends before the next look is reported as ended', () => {
  const rig = new Rig();
  rig.conditions = [TROUBLE];
  rig.pass(1);
  rig.conditions = []; // ends while the document waits for its time
  rig.pass(1);
  rig.conditions = [TROUBLE];
  rig.clock.pass(15 * 60_000);
  rig.send(); // made with the condition, between two looks
  rig.conditions = [];
  rig.pass(3);
  expect(rig.sent.slice(-2)).toEqual([['store-filling'], []]);
});

it('conditions that come and go send at most one document in 10 s, and none if nothing differs', () => {
  const rig = new Rig();
  for (let turn = 0; turn < 20; turn += 1) {
    rig.conditions = turn % 2 === 0 ? [TROUBLE] : [];
    rig.pass(1);
  }
  expect(rig.sent.length).toBeLessThanOrEqual(11);
  rig.conditions = [];
  rig.pass(4);
  const { length } = rig.sent;
  rig.pass(100);
  expect(rig.sent).toHaveLength(length);
});
