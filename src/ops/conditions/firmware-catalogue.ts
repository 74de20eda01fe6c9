/** Entries of the catalogue for firmware updates of subdevices. */
import type { ConditionEntry } from './condition-entry.ts';

export const FIRMWARE_CONDITIONS = {
  'firmware-failed': {
    meaning:
      'Firmware updates of subdevices have failed. The sentence names the subdevices and the reasons, which the hub gets too.',
    effect: 'No data is lost: the subdevices run with the firmware that they had before.',
    remedy:
      'Remove the cause, then run holdfast firmware retry ID, or offer the firmware again at the hub. To end the update, run holdfast firmware cancel ID.',
    keys: ['firmware.attempts_max', 'firmware.give_up_hours'],
  },
  'firmware-download-failing': {
    meaning: 'The gateway cannot download an image that the hub offers. The download is repeated.',
    effect: 'No data is lost: the subdevices run with the firmware that they had before.',
    remedy:
      'Remove the cause that the sentence names: the gateway must reach the server of the images, ca_file must have its authority, and the disk must have room. If the address is no longer valid, offer the firmware again at the hub.',
    keys: ['firmware.ca_file', 'firmware.give_up_hours'],
  },
  'firmware-unstored': {
    meaning:
      'The gateway cannot write the records of firmware updates to the disk. The updates go on; after a restart, a change that is not in the records is not known.',
    effect: 'No data is lost: the hub offers again when a subdevice reports its version.',
    remedy:
      'Remove the cause that the sentence names: make room on the disk, or correct the owner of firmware/ in the state directory. The gateway tries again once a minute.',
    keys: ['firmware.enabled'],
  },
} as const satisfies Readonly<Record<string, ConditionEntry>>;
