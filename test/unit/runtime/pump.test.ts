/** The loop that runs a machine: the timer after the machine was replaced, and changes of the speed. */
import { expect, it } from 'vitest';
import type { ChannelAction, ChannelInput, Machine } from '../../../src/base/machine.ts';
import type { ChannelListener } from '../../../src/ports.ts';
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

/** Runs a machine that opens its channel and then wants 9600 baud. @returns its inputs, and what it did to the channel */
async function wantSpeed(isAble: boolean): Promise<{ readonly inputs: string[]; readonly done: string[] }> {
  const inputs: string[] = [];
  const done: string[] = [];
  const machine: Machine<ChannelInput, ChannelAction> = {
    handle: (input) => {
      inputs.push(input.kind === 'speedSet' ? `speedSet ${input.baudRate}` : input.kind);
      if (input.kind === 'start') return [{ kind: 'open' }];
      return input.kind === 'opened' ? [{ kind: 'setSpeed', baudRate: 9600 }] : [];
    },
    wakeAtMs: () => undefined,
  };
  let listener: ChannelListener | undefined;
  const pump = new Pump<ChannelInput, ChannelAction>({
    machine,
    open: (given) => {
      listener = given;
      const close = (reason: string): void => void done.push(reason);
      const channel = { write: () => undefined, queuedBytes: 0, close };
      if (!isAble) return channel;
      return { ...channel, setSpeed: (baudRate) => void done.push(`speed ${baudRate}`) };
    },
    clock: { nowMs: () => 0, wallMs: () => 0, wakeAt: () => () => undefined },
    mailbox: new Mailbox((error) => {
      throw error;
    }),
    act: () => undefined,
  });
  pump.input({ kind: 'start' });
  listener?.opened();
  await expect.poll(() => done).toHaveLength(1);
  listener?.speedSet?.(9600);
  await expect.poll(() => inputs).toHaveLength(3);
  return { inputs, done };
}

it('a change of the speed goes to the channel, and its end to the machine', async () => {
  expect(await wantSpeed(true)).toEqual({ inputs: ['start', 'opened', 'speedSet 9600'], done: ['speed 9600'] });
});

it('a channel that cannot change its speed is closed', async () => {
  expect((await wantSpeed(false)).done).toEqual(['the port cannot change its speed']);
});
