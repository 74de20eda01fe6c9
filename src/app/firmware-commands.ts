/** Commands of the administrative socket for firmware updates of subdevices. */
import type { FirmwareAnswer, FirmwareView } from '../base/firmware.ts';
import type { FirmwareFlow } from '../flow/firmware-updates.ts';
import { type AdminCommands, refusal } from '../ops/api/administration.ts';
import { type SubdeviceFirmwareReport, subdeviceFirmwareOf } from '../ops/reports/firmware-updates-report.ts';
import type { Gateway } from './gateway.ts';
import { runInMailbox } from './in-mailbox.ts';

export function firmwareCommands(gateway: Gateway): AdminCommands {
  const command = (verb: 'retry' | 'cancel'): AdminCommands[string] => {
    return async ({ subdevice }, by) => {
      const id = nameIn(subdevice);
      const answer = await runInMailbox(gateway, () => changed(gateway, verb, id));
      const version = answer.update?.version;
      const detail = version === undefined ? '' : `update to ${version}`;
      gateway.parts.facts.emit('operatorActed', { action: `firmware ${verb}`, subject: id, detail, by });
      return answer;
    };
  };
  return { 'firmware.retry': command('retry'), 'firmware.cancel': command('cancel') };
}

/** @returns firmware of the subdevice after the change */
function changed(gateway: Gateway, verb: 'retry' | 'cancel', id: string): SubdeviceFirmwareReport {
  const { firmware } = gateway;
  if (firmware === undefined)
    throw refusal('Firmware updates are off', 'Write enabled = true in [firmware], and restart the gateway.');
  const answer = firmware[verb](id);
  const view = viewIn(firmware, id);
  if (answer !== 'done' || view === undefined) throw refusalOf(answer, id);
  return subdeviceFirmwareOf(view);
}

function viewIn(firmware: FirmwareFlow, id: string): FirmwareView | undefined {
  return firmware.views().find(({ subdevice }) => subdevice === id);
}

function refusalOf(answer: FirmwareAnswer, id: string): Error {
  const name = JSON.stringify(id);
  switch (answer) {
    case 'done':
    case 'no update':
      return refusal(
        `No firmware was offered to ${name}`,
        'holdfast firmware lists the updates. The hub offers firmware.',
      );
    case 'not failed':
      return refusal(`The update of ${name} has not failed`, 'holdfast firmware shows its step.');
    case 'already ended':
      return refusal(`The update of ${name} has ended already`, 'holdfast firmware shows its result.');
  }
}

function nameIn(subdevice: unknown): string {
  if (typeof subdevice === 'string') return subdevice;
  throw refusal('Missing "subdevice" in the request', 'Write {"subdevice": "meter-1"}.');
}
