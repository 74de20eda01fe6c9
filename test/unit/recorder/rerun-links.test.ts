/** Modbus and line links whose rings have lost the beginning, run again from the middle. */
import { expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import type { LinkInput, LinkMachine } from '../../../src/driver/driver.ts';
import { LINES } from '../../../src/driver/lines/definition.ts';
import type { LinkDriver } from '../../../src/driver/link-driver.ts';
import { MODBUS } from '../../../src/driver/modbus/definition.ts';
import { FlightRecorder } from '../../../src/recorder/flight-recorder.ts';
import { MachineSnapshots } from '../../../src/recorder/machine-snapshots.ts';
import { decodeRecording, encodeRecording, FORMAT, VERSION } from '../../../src/recorder/recording-file.ts';
import { type Rerun, rerun } from '../../../src/recorder/rerun.ts';
import { positive } from '../driver/address-book.ts';
import { linesOptions } from '../driver/lines/lines-rig.ts';
import { ModbusWire, point, unitPlan } from '../driver/modbus/modbus-wire.ts';

const RING_BYTES = 20_000;

/** Link on a recorder, as in a pump. */
class RecordedLink {
  readonly link: LinkMachine;
  readonly #recorder: FlightRecorder;

  constructor(driver: LinkDriver, plan: object) {
    this.#recorder = new FlightRecorder({
      subject: { name: 'meters', driver: driver.name, options: plan },
      bytesMax: RING_BYTES,
      random: seededRandom(1),
      stateOf: () => link.state,
      snapshotOf: () => snapshots.capture(),
    });
    const options = { ...plan, random: this.#recorder.random };
    const link = driver.create(options);
    const snapshots = new MachineSnapshots(link, options, driver.laterClasses);
    const handle: LinkMachine['handle'] = (input, nowMs) => {
      this.#recorder.begin(input, nowMs);
      const actions = link.handle(input, nowMs);
      this.#recorder.end(actions);
      return actions;
    };
    this.link = new Proxy(link, {
      get: (target, key) => (key === 'handle' ? handle : Reflect.get(target, key, target)),
    });
  }

  rerun(): Rerun {
    const { subject, forgotten, snapshotsTooLarge } = this.#recorder;
    const about = { subject, gateway: 'gw', program: '0.1.0', reason: 'asked', frozenAt: { upMs: 0, wallMs: 0 } };
    const header = { format: FORMAT, version: VERSION, ...about, forgotten, snapshotsTooLarge } as const;
    return rerun(decodeRecording(encodeRecording(header, this.#recorder.steps()), 'f'), 'f');
  }
}

function expectMiddle(run: Rerun): void {
  expect(run.difference).toBeUndefined();
  expect(run.forgotten).toBeGreaterThan(50);
  expect(run.same).toBeGreaterThan(20);
}

it('a Modbus link on a noisy wire makes the same decisions from the middle on', () => {
  const recorded: RecordedLink[] = [];
  const wire = new ModbusWire({
    ...{ units: [unitPlan(1, [point('a', 0), point('b', 9)]), unitPlan(2, [point('a', 3)])], damage: 0.05 },
    create: ({ random: _, ...options }) => {
      const one = new RecordedLink(MODBUS, options);
      recorded.push(one);
      return one.link;
    },
  });
  for (let token = 1; token < 40; token += 1) {
    wire.command(token % 2, token, { a: token });
    wire.runFor(500);
  }
  for (const one of recorded) expectMiddle(one.rerun());
  expect(recorded).toHaveLength(1);
});

it('a Modbus link makes the same decisions with an echo, pauses, refused registers and identifications', () => {
  const points = Array.from({ length: 6 }, (_, at) => point(`p${at}`, at));
  const refused = [{ name: 'p5', place: 'holding 5', code: 2, words: 'illegal data address', times: 9, atMs: -5000 }];
  const learned = { basis: 'b', refused, apart: ['p2'], identity: { vendor: 'V', product: 'P', revision: '' } };
  const recorded: RecordedLink[] = [];
  const wire = new ModbusWire({
    units: [unitPlan(1, points, { basis: 'b', learned, pauseMs: 7 }), unitPlan(2, points, { pauseAfterWriteMs: 90 })],
    ...{ damage: 0.03, echoes: () => true, link: { pauseMs: 3 } },
    create: ({ random: _, ...options }) => {
      const one = new RecordedLink(MODBUS, options);
      recorded.push(one);
      return one.link;
    },
  });
  for (const unit of wire.units.values()) {
    unit.identification = ['Vendor', 'Product', '1'];
    unit.exceptionTo = ({ start, count }) => (start <= 3 && 3 < start + count ? 2 : undefined);
  }
  for (let token = 1; token < 40; token += 1) {
    wire.command(1 + (token % 2), token, { p1: token });
    wire.input({ kind: 'probe', subdevice: `unit-${1 + (token % 2)}`, token: 100 + token });
    wire.runFor(4000);
  }
  expect(wire.link.counters.echoes).toBeGreaterThan(100);
  expect(wire.sent.filter(({ bytes }) => bytes[1] === 43).length).toBeGreaterThan(1);
  expect(wire.results.length).toBeGreaterThan(10);
  for (const one of recorded) expectMiddle(one.rerun());
});

it('a link of lines makes the same decisions from the middle on', () => {
  const options = linesOptions({ pattern: '^(?P<n>[0-9]+)$', topic: 'reading/{n}', sequence: 'n', ack: 'OK {n}' });
  const recorded = new RecordedLink(LINES, options);
  const random = seededRandom(2);
  let nowMs = 0;
  const input = (one: LinkInput): void => {
    for (const action of recorded.link.handle(one, nowMs)) {
      const { kind } = action;
      if (kind === 'uplink' && action.token !== undefined)
        input(positive('acknowledge', action.subdevice, action.token));
      const answer = { accepted: true, topicIds: new Map() } as const;
      if (kind === 'attach') input({ kind: 'attached', subdevice: action.subdevice, answer });
    }
  };
  input({ kind: 'start' });
  input({ kind: 'opened' });
  for (nowMs = 1; nowMs < 2000; nowMs += 1) {
    const line = Buffer.from(`${nowMs}\n`);
    input({ kind: 'bytes', bytes: line.subarray(0, 1 + Math.floor(random() * line.length * 2)) });
  }
  expectMiddle(recorded.rerun());
});
