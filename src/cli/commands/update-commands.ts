/** Commands for firmware updates of subdevices. */
import type { Add } from './add-command.ts';

export function addFirmware(add: Add): void {
  const firmware = add('firmware', 'Show the firmware of the subdevices and their updates', async ({ context }) =>
    (await import('../show-firmware.ts')).showFirmware(context),
  );
  const changes = [
    ['retry', 'Begin a failed update again, or repeat its download now'],
    ['cancel', 'End an update; the hub gets a report of the failure'],
  ] as const;
  for (const [verb, description] of changes)
    add(
      `${verb} <subdevice>`,
      description,
      async ({ context, words }) => (await import('../show-firmware.ts')).changeFirmware(context, verb, words[0] ?? ''),
      firmware,
    );
}
