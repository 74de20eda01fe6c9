/** Recovery steps for a line that is open and does not work: each step is run, reported and counted; time open. */

import { expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import type { LinkCounters } from '../../../src/base/link-counters.ts';
import type { DriverReport, LinkAction, LinkInput, LinkMachine } from '../../../src/driver/driver.ts';
import { LinkCare } from '../../../src/flow/link-care.ts';
import { type LinkPlan, Links } from '../../../src/flow/links.ts';
import { SetAside } from '../../../src/flow/set-aside.ts';
import type { ChannelListener, PortCare } from '../../../src/ports.ts';
import { FlightRecorder } from '../../../src/recorder/flight-recorder.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { StepClock } from './flow-rig.ts';

const COUNTERS: LinkCounters = {
  ...{ openings: 1, bytesIn: 0, bytesOut: 0, framesIn: 0, framesOut: 0, crcErrors: 0, oversizeFrames: 0 },
  ...{ malformedPackets: 0, unexpectedPackets: 0, refusedUplinks: 0, duplicates: 0, retries: 0, echoes: 0 },
};

/** Open from the start; a `wake` passes on the next report of the line. */
class FakeMachine implements LinkMachine {
  readonly isPolled = false;
  readonly state = 'open';
  counters = COUNTERS;
  reports: LinkAction[] = [];

  attachedSubdevices(): readonly string[] {
    return [];
  }

  lastReceivedAtMs(): undefined {
    return undefined;
  }
  unanswered(): ReadonlyMap<string, number> {
    return new Map();
  }
  sleepers(): ReadonlyMap<string, number> {
    return new Map();
  }

  deviceNotes(): ReadonlyMap<string, never> {
    return new Map<string, never>();
  }

  probeable(): readonly string[] {
    return [];
  }

  wakeAtMs(): number | undefined {
    return undefined;
  }

  snapshot(): object {
    return {};
  }

  restore(): void {}

  handle(input: LinkInput) {
    const reports = this.reports;
    this.reports = [];
    return input.kind === 'start' ? [{ kind: 'open' } as const] : reports;
  }
}

class CareBench {
  readonly clock = new StepClock();
  readonly machine = new FakeMachine();
  readonly reported: string[] = [];
  readonly closes: string[] = [];
  readonly links: Links;
  listener: ChannelListener | undefined;

  constructor(care: PortCare | undefined, steps: LinkPlan['steps'], driver: LinkPlan['driver'] = 'mqttsn') {
    const { clock } = this;
    const facts = newFacts();
    facts.on('linkRecovery', ({ recoveryStep, outcome }) => this.reported.push(`${recoveryStep}: ${outcome}`));
    facts.on('linkGivenUp', ({ trouble }) => this.reported.push(`failed: ${trouble}`));
    const mailbox = new Mailbox((error) => {
      throw error;
    });
    const open = (listener: ChannelListener) => {
      this.listener = listener;
      return {
        write: () => undefined,
        queuedBytes: 0,
        close: (reason: string) => {
          this.closes.push(reason);
          listener.closed(reason);
        },
      };
    };
    const subject = { name: 'meters', driver: 'mqttsn', framing: 'sn-cobs', options: {} };
    const machine = { stateOf: () => 'open', snapshotOf: () => ({}) };
    const recorder = new FlightRecorder({ subject, random: Math.random, bytesMax: 65_536, ...machine });
    const plan = {
      recorder,
      name: 'meters',
      path: 'usb:x',
      ...{ driver, protocol: 'sn-cobs' },
      machine: this.machine,
      renew: () => undefined,
      open,
      care,
      steps,
    };
    this.links = new Links({ clock, mailbox, facts, report: () => undefined, setAside: new SetAside(facts) }, [plan]);
    this.links.start();
    new LinkCare({ clock, mailbox, facts, links: this.links }).start();
  }

  /** One minute that adds this number to each counter every second. */
  count(counter: keyof LinkCounters, perS: number): void {
    for (let second = 0; second < 60; second += 1) {
      this.machine.counters = { ...this.machine.counters, [counter]: this.machine.counters[counter] + perS };
      this.clock.pass(1000);
    }
  }

  async fallSilent(): Promise<void> {
    this.machine.reports = [{ kind: 'detach', subdevice: 'a', cause: 'no answer', aliveUntilMs: undefined }];
    this.links.command('meters', { kind: 'confirm', subdevice: 'a', token: 0 });
    for (let second = 0; second < 60; second += 1) {
      this.clock.pass(1000);
      await Promise.resolve(); // The answer of the port comes in a later task.
    }
  }
}

const PORT: PortCare = {
  device: () => '/dev/ttyUSB0',
  toggle: async () => 'toggled',
  reauthorise: () => Promise.reject(new Error('the adapter also carries link pumps')),
};

it('each step is run and reported, one that cannot be run with its reason, and then the failure', async () => {
  const bench = new CareBench(PORT, ['reopen', 'toggle', 'reauthorise']);
  await bench.fallSilent();
  expect(bench.reported).toEqual([
    'resync: waiting for a valid frame',
    'reopen: opening the port again',
    'toggle: toggled',
    'reauthorise: the adapter also carries link pumps',
    'failed: silence',
  ]);
  expect(bench.closes).toEqual(['the line does not work: opening it again']);
  expect(bench.links.states()[0]?.recovery.counts).toEqual({
    ...{ resync: 1, reopen: 1, toggle: 1, reauthorise: 1, failed: 1 },
  });
});

it.each([
  ['mqttsn', 'crcErrors', true],
  ['mqttsn', 'oversizeFrames', true],
  ['mqttsn', 'malformedPackets', false],
  ['modbus', 'crcErrors', true],
  ['lines', 'crcErrors', true],
  ['lines', 'oversizeFrames', false],
  ['lines', 'malformedPackets', false],
] as const)('the port of a link of %s is opened again for %s: %s', (driver, counter, isOpened) => {
  const bench = new CareBench(PORT, ['reopen'], driver);
  bench.count(counter, 10);
  expect([bench.closes.length > 0, bench.reported.length > 0]).toEqual([isOpened, isOpened]);
});

it('a line that is not a device of this machine is not touched', async () => {
  const bench = new CareBench(undefined, ['reopen']);
  await bench.fallSilent();
  expect(bench.reported).toEqual([]);
  expect(bench.closes).toEqual([]);
});

it('a round trip lasts from the delivery to its acknowledgement, and is not counted for a lost delivery', () => {
  const bench = new CareBench(undefined, []);
  const deliver = (token: number) =>
    bench.links.command('meters', {
      ...{ kind: 'deliver', subdevice: 'a', token, topic: 't', payload: new Uint8Array(), qos: 1, dup: false },
    });
  const report = (reports: DriverReport[]) => {
    bench.machine.reports = reports;
    bench.links.command('meters', { kind: 'confirm', subdevice: 'a', token: 0 });
  };
  deliver(1);
  bench.clock.pass(100);
  report([{ kind: 'delivered', token: 1 }]);
  deliver(2);
  report([{ kind: 'detach', subdevice: 'a', cause: 'link closed', aliveUntilMs: undefined }]);
  report([{ kind: 'delivered', token: 2 }]);
  const { roundTrips } = bench.links.states()[0] ?? expect.fail('no link');
  expect(roundTrips.total).toBe(1);
  expect(roundTrips.quantile(1)).toBeGreaterThanOrEqual(100);
});

it('the time for which the port was open is the sum of its ended openings', () => {
  const bench = new CareBench(undefined, []);
  const openMs = () => bench.links.states()[0]?.openMs;
  bench.clock.pass(7000);
  bench.listener?.opened();
  bench.clock.pass(1500);
  expect(openMs()).toBe(0);
  bench.listener?.closed('gone');
  bench.clock.pass(4000);
  expect(openMs()).toBe(1500);
  bench.machine.reports = [{ kind: 'open' }];
  bench.links.command('meters', { kind: 'confirm', subdevice: 'a', token: 0 });
  bench.listener?.opened();
  bench.clock.pass(2000);
  bench.listener?.closed('gone again');
  expect(openMs()).toBe(3500);
});

it('a probe is not asked while the port is closed', async () => {
  const bench = new CareBench(undefined, []);
  Object.assign(bench.machine, { state: 'waiting to reopen' });
  expect(await bench.links.probe('meters', 'a')).toEqual({ kind: 'not asked', why: 'its port is not open' });
});
