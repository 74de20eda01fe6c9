/** Commands with random content to a whole gateway: each is executed or rejected, and the gateway continues. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { adminCommandsFor } from '../../src/app/admin-commands.ts';
import { Fault } from '../../src/base/fault.ts';
import { HandWire, kindsOf } from './hand-wire.ts';

const KEYS = ['letters', 'names', 'subdevices', 'link', 'subdevice', 'of', 'x'] as const;
const value = fc.oneof(
  fc.constantFrom<unknown>('all', '', 's1', 'SUBDEVICE1/s1', '../x', '#', -1, 0, 2 ** 53, null, [], {}, ['s1'], [1]),
  fc.jsonValue({ maxDepth: 2 }),
  fc.array(fc.constantFrom('s1', 'nobody', ''), { minLength: 1, maxLength: 3 }),
  fc.array(fc.integer(), { minLength: 1, maxLength: 3 }),
);
const body = fc
  .array(fc.tuple(fc.constantFrom(...KEYS), value), { maxLength: 4 })
  .map((pairs) => Object.fromEntries(pairs));

it('a command with any content is executed or rejected with a hint, and the gateway continues', async () => {
  const wire = await HandWire.open();
  const { gateway } = wire.world;
  if (gateway === undefined) throw new Error('the gateway does not run');
  const commands = adminCommandsFor(gateway);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(commands)), body, async (name, given) => {
      const outcome = commands[name]?.(given).then(
        () => 'obeyed',
        (error: unknown) => error,
      );
      await wire.pass(100);
      const ended = await Promise.race([outcome, wire.pass(120_000).then(() => 'pending')]);
      if (ended !== 'obeyed' && ended !== 'pending') {
        expect(ended).toBeInstanceOf(Fault);
        expect((ended as Fault).hint).toMatch(/\S/);
        expect((ended as Fault).message).not.toMatch(/undefined|\[object|NaN/);
      }
    }),
    { numRuns: 150 },
  );
  expect(wire.world.complaints).toEqual([]);
  expect(kindsOf(await wire.connect())).toEqual(['connack']);
});
