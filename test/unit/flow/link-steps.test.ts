/** Inputs that the machine of a link receives for the decisions of one task. */
import { expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import { NO_COUNTS } from '../../../src/base/link-counters.ts';
import type { LinkInput, LinkMachine } from '../../../src/driver/driver.ts';
import { Links } from '../../../src/flow/links.ts';
import { SetAside } from '../../../src/flow/set-aside.ts';
import { FlightRecorder } from '../../../src/recorder/flight-recorder.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { StepClock } from './flow-rig.ts';

function open() {
  const inputs: LinkInput[] = [];
  const machine: LinkMachine = {
    isPolled: false,
    handle: (input) => {
      inputs.push(input);
      return [];
    },
    wakeAtMs: () => undefined,
    counters: NO_COUNTS,
    state: 'open',
    attachedSubdevices: () => [],
    sleepers: () => new Map(),
    lastReceivedAtMs: () => undefined,
    unanswered: () => new Map(),
    probeable: () => [],
    deviceNotes: () => new Map(),
  };
  const facts = newFacts();
  const mailbox = new Mailbox((error) => {
    throw error;
  });
  const recorder = new FlightRecorder({
    ...{ subject: { name: 'meters', driver: 'mqttsn', options: {} }, random: Math.random, bytesMax: 0 },
    ...{ stateOf: () => 'open', snapshotOf: () => ({}) },
  });
  const links = new Links({ clock: new StepClock(), mailbox, facts, report: () => {}, setAside: new SetAside(facts) }, [
    {
      ...{ name: 'meters', path: 'usb:x', driver: 'mqttsn', protocol: 'sn-cobs', care: undefined, steps: [] },
      ...{ machine, recorder, renew: () => {} },
      open: () => ({ write: () => {}, queuedBytes: 0, close: () => {} }),
    },
  ]);
  return { inputs, mailbox, links };
}

const [A, B, C] = [
  { subdevice: 'a', token: 1 },
  { subdevice: 'b', token: 2 },
  { subdevice: 'a', token: 3 },
];

it('the acknowledgements of one task are one input, in the order of the decisions', () => {
  const { inputs, mailbox, links } = open();
  mailbox.post(() => {
    for (const uplink of [A, B, C]) links.acknowledge('meters', uplink);
    expect(inputs).toEqual([]);
  });
  mailbox.post(() => links.acknowledge('meters', A));
  expect(inputs).toEqual([
    { kind: 'acknowledge', uplinks: [A, B, C] },
    { kind: 'acknowledge', uplinks: [A] },
  ]);
});

it('an acknowledgement precedes a later command of the same task', () => {
  const { inputs, mailbox, links } = open();
  const confirm = { kind: 'confirm', subdevice: 'a', token: 7 } as const;
  mailbox.post(() => {
    links.acknowledge('meters', A);
    links.command('meters', confirm);
    links.acknowledge('meters', B);
    links.stop();
  });
  expect(inputs).toEqual([
    { kind: 'acknowledge', uplinks: [A] },
    confirm,
    { kind: 'acknowledge', uplinks: [B] },
    { kind: 'stop' },
  ]);
});
