/** Conditions of firmware updates: failed updates, downloads that fail again and again, records not stored. Pure. */
import { CANCELLED, type FirmwareView } from '../../base/firmware.ts';
import type { FailingDownload } from '../reports/firmware-meter.ts';
import type { Condition } from '../reports/report.ts';
import { countOf } from '../words.ts';

export interface FirmwareHealth {
  /** Firmware of the subdevices; empty: firmware updates are off. */
  readonly firmware: readonly FirmwareView[];
  readonly failingDownloads: readonly FailingDownload[];
  /** Reason why the newest records are not durable. `undefined`: they are. */
  readonly firmwareUnstored: string | undefined;
  readonly nowMs: number;
  readonly startedAtMs: number;
}

/** Largest number of subdevices that a sentence names; `holdfast firmware` shows all. */
const NAMES_MAX = 3;

export function firmwareConditions(health: FirmwareHealth): Condition[] {
  return [...failedConditions(health), ...downloadConditions(health.failingDownloads), ...unstoredConditions(health)];
}

interface FailedUpdate {
  readonly subdevice: string;
  readonly version: string;
  readonly reason: string;
}

/** An update that an operator has cancelled, and one whose version runs in spite of it, need no action. */
function failedUpdates(views: readonly FirmwareView[]): FailedUpdate[] {
  return views.flatMap(({ subdevice, running, update }) => {
    if (update?.step !== 'failed' || update.version === running) return [];
    const reason = update.failure?.reason ?? 'unknown reason';
    return reason === CANCELLED.reason ? [] : [{ subdevice, version: update.version, reason }];
  });
}

function failedConditions({ firmware, nowMs, startedAtMs }: FirmwareHealth): Condition[] {
  const failed = failedUpdates(firmware);
  const [first] = failed;
  if (first === undefined) return [];
  const { subdevice, version, reason } = first;
  const shown = failed.slice(0, NAMES_MAX).map((one) => `${one.subdevice} to ${one.version} (${one.reason})`);
  const rest = failed.length - shown.length;
  const more = rest > 0 ? `; and ${rest} more` : '';
  return [
    {
      code: 'firmware-failed',
      losing: 'no',
      forMs: nowMs - startedAtMs,
      sentence:
        failed.length === 1
          ? `The firmware update of ${subdevice} to ${version} failed: ${reason}.`
          : `${countOf(failed.length, 'firmware update')} failed: ${shown.join('; ')}${more}.`,
      hint: `Remove the cause, and try again: sudo holdfast firmware retry ${subdevice}. Or offer the firmware again at the hub, or end the update: sudo holdfast firmware cancel ${subdevice}. holdfast firmware shows all updates.`,
    },
  ];
}

function downloadConditions(failing: readonly FailingDownload[]): Condition[] {
  const [first] = failing;
  if (first === undefined) return [];
  const { version, reason, subdevices } = first;
  const names = subdevices.slice(0, NAMES_MAX).join(', ');
  const rest = subdevices.length - NAMES_MAX;
  const others = failing.length - 1;
  return [
    {
      code: 'firmware-download-failing',
      losing: 'no',
      forMs: Math.max(...failing.map(({ forMs }) => forMs)),
      sentence: `The firmware ${version} for ${names}${rest > 0 ? ` and ${rest} more` : ''} cannot be downloaded: ${reason}. The download is repeated.${others > 0 ? ` Further downloads that fail: ${others}.` : ''}`,
      hint: `Remove the cause: check the way to the server of the images, ca_file in [firmware], and the free room of the disk. Do not wait for the next attempt: sudo holdfast firmware retry ${subdevices[0] ?? 'ID'}. If the address is no longer valid, offer the firmware again at the hub.`,
    },
  ];
}

function unstoredConditions({ firmwareUnstored: reason, nowMs, startedAtMs }: FirmwareHealth): Condition[] {
  if (reason === undefined) return [];
  return [
    {
      code: 'firmware-unstored',
      losing: 'no',
      forMs: nowMs - startedAtMs,
      sentence: `The records of firmware updates cannot be written: ${reason}. After a restart, updates that are not in the records continue when the hub offers them again.`,
      hint: 'Make room on the disk, or correct the owner of firmware/ in the state directory. The gateway tries again once a minute.',
    },
  ];
}
