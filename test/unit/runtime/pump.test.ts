/** The loop that runs a machine: whose timer it sets after the machine was replaced. */
import { expect, it } from 'vitest';
import type { ChannelAction, ChannelInput, Machine } from '../../../src/base/machine.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { Pump } from '../../../src/runtime/pump.ts';

it('after a fault, the timer is set for the new machine, and the old one is not asked', () => {
  const failing: Machine<ChannelInput, ChannelAction> = {
    handle: () => {
      throw new Error('fault');
    },
    wakeAtMs: () => {
      throw new Error('asked after its fault');
    },
  };
  const fresh: Machine<ChannelInput, ChannelAction> = { handle: () => [], wakeAtMs: () => 70 };
  let current = failing;
  const timers: number[] = [];
  const pump = new Pump<ChannelInput, ChannelAction>({
    get machine() {
      return current;
    },
    open: () => {
      throw new Error('opened');
    },
    clock: {
      nowMs: () => 0,
      wallMs: () => 0,
      wakeAt: (atMs) => {
        timers.push(atMs);
        return () => undefined;
      },
    },
    mailbox: new Mailbox(() => undefined),
    act: () => undefined,
    contain: () => {
      current = fresh;
      return [];
    },
  });
  pump.input({ kind: 'start' });
  expect(timers).toEqual([70]);
});
