/** Commands for firmware updates: what is rejected, with the reason, and that only a change is an event. */
import { expect, it } from 'vitest';
import { firmwareCommands } from '../../../src/app/firmware-commands.ts';
import type { Gateway } from '../../../src/app/gateway.ts';
import { newFacts } from '../../../src/base/events.ts';
import type { FirmwareAnswer, FirmwareView } from '../../../src/base/firmware.ts';

const VIEW: FirmwareView = {
  ...{ subdevice: 'pump-7', running: '1.2', rejected: undefined },
  update: {
    ...{ version: '1.3', step: 'downloading', size: 10, downloadedBytes: 5, confirmedBytes: 0 },
    ...{ bytesPerS: undefined, attempts: 1, failure: undefined, isReported: false },
  },
};

function rig(answer: FirmwareAnswer | undefined) {
  const facts = newFacts();
  const events: object[] = [];
  facts.on('operatorActed', (fact) => events.push(fact));
  const firmware = answer && { views: () => [VIEW], retry: () => answer, cancel: () => answer };
  const parts = { facts, mailbox: { post: (act: () => void) => act() } };
  return { commands: firmwareCommands({ parts, firmware } as unknown as Gateway), events };
}

it.each(['retry', 'cancel'] as const)('%s answers with the state after the command, and is an event', async (verb) => {
  const { commands, events } = rig('done');
  expect(await commands[`firmware.${verb}`]?.({ subdevice: 'pump-7' }, 'anna')).toMatchObject({
    ...{ subdevice: 'pump-7', running: '1.2', rejectedOffer: null },
    update: { version: '1.3', step: 'downloading', percent: 50 },
  });
  expect(events).toEqual([{ action: `firmware ${verb}`, subject: 'pump-7', detail: 'update to 1.3', by: 'anna' }]);
});

it.each([
  ['firmware updates are off', undefined, { subdevice: 'pump-7' }, /^Firmware updates are off/],
  ['the subdevice has no update', 'no update', { subdevice: 'pump-7' }, /^No firmware was offered to "pump-7"/],
  ['the update has not failed', 'not failed', { subdevice: 'pump-7' }, /^The update of "pump-7" has not failed/],
  ['the update has ended', 'already ended', { subdevice: 'pump-7' }, /^The update of "pump-7" has ended already/],
  ['the request names none', 'done', {}, /^Missing "subdevice"/],
] as const)('a command is rejected if %s', async (_, answer, body, words) => {
  const { commands, events } = rig(answer);
  await expect(commands['firmware.retry']?.({ ...body })).rejects.toThrow(words);
  expect(events).toEqual([]);
});
