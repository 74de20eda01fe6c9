/** Openings that do not return: the oldest is known, and a device is not opened a second time meanwhile. */
import { expect, it } from 'vitest';
import { PortOpenings } from '../../../../src/io/serial/port-openings.ts';
import type { OpenDevice } from '../../../../src/io/serial/safe-binding.ts';
import { explainTtyError } from '../../../../src/io/serial/tty.ts';

const DEVICE = {} as OpenDevice;

it('is known from its begin to its end', async () => {
  const openings = new PortOpenings();
  const first = Promise.withResolvers<OpenDevice>();
  const opened = openings.run('/dev/a', () => first.promise);
  expect(openings.oldest).toEqual({ device: '/dev/a', number: 1 });
  first.resolve(DEVICE);
  expect(await opened).toBe(DEVICE);
  expect(openings.oldest).toBeUndefined();
});

it('is the one that has waited longest; a failed opening has ended', async () => {
  const openings = new PortOpenings();
  const [one, other] = [Promise.withResolvers<OpenDevice>(), Promise.withResolvers<OpenDevice>()];
  const failed = openings.run('/dev/a', () => one.promise);
  void openings.run('/dev/b', () => other.promise);
  one.reject(new Error('no'));
  await expect(failed).rejects.toThrow('no');
  expect(openings.oldest).toEqual({ device: '/dev/b', number: 2 });
});

it('keeps a device from a second opening, and no other device', async () => {
  const openings = new PortOpenings();
  const never = Promise.withResolvers<OpenDevice>();
  void openings.run('/dev/a', () => never.promise);
  let wasOpened = false;
  const second = openings.run('/dev/a', () => {
    wasOpened = true;
    return Promise.resolve(DEVICE);
  });
  const error = await second.catch((reason: unknown) => reason);
  expect(wasOpened).toBe(false);
  expect(await explainTtyError('/dev/a', 9600, error)).toBe(
    'the driver of /dev/a hangs: an earlier opening has not returned; unplug the adapter, or restart the machine',
  );
  expect(await openings.run('/dev/b', () => Promise.resolve(DEVICE))).toBe(DEVICE);
});
