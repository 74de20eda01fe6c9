/** Firmware updates in words, for the status, `holdfast firmware` and the page. */
import type { FirmwareStep } from '../../base/firmware.ts';
import { bytesWords, countOf, countWords, etaWords, withFullStop } from '../words.ts';
import type { FirmwareCounts, FirmwareUpdateReport, SubdeviceFirmwareReport } from './firmware-updates-report.ts';

/** Line of the status; `undefined`: no update runs or has failed. */
export function firmwareLine({ steps }: FirmwareCounts): string | undefined {
  const present = (Object.entries(steps) as [FirmwareStep, number][]).filter(
    ([step, count]) => count > 0 && step !== 'done',
  );
  if (present.length === 0) return undefined;
  const updates = present.reduce((sum, [, count]) => sum + count, 0);
  return `${countOf(updates, 'update')}: ${present.map(([step, count]) => `${countWords(count)} ${step}`).join(', ')}`;
}

/** `45 % of 692 KiB`; the size alone if no transfer runs. */
export function progressWords({ step, percent, bytes }: FirmwareUpdateReport): string {
  if (step === 'done' || step === 'failed' || step === 'installing') return bytesWords(bytes);
  return `${countWords(percent)} % of ${bytesWords(bytes)}`;
}

/** Facts that do not fit into a table, each a predicate of the subdevice with a full stop. */
export function remarkWords({ update, rejectedOffer }: SubdeviceFirmwareReport): string[] {
  const remarks = update === null ? [] : updateWords(update);
  if (rejectedOffer === null) return remarks;
  const { version, reason, remedy } = rejectedOffer;
  const what = version === null ? 'got an offer that was rejected' : `got an offer of ${version} that was rejected`;
  return [...remarks, `${withFullStop(`${what}: ${reason}`)} ${remedy}`];
}

/** Firmware of a subdevice in one line: `1.2; update to 1.3: sending, 45 % of 692 KiB`. */
export function firmwareWords({ running, update, rejectedOffer }: SubdeviceFirmwareReport): string {
  const state = update === null ? [] : [`update to ${update.version}: ${stateWords(update)}`];
  const rejected = rejectedOffer === null ? [] : [`an offer was rejected: ${rejectedOffer.reason}`];
  return [running ?? 'unknown version', ...state, ...rejected].join('; ');
}

function stateWords(update: FirmwareUpdateReport): string {
  const { step, failure } = update;
  const progress = step === 'done' || step === 'failed' || step === 'installing' ? '' : `, ${progressWords(update)}`;
  return `${step}${progress}${failure === null || step === 'done' ? '' : `; last failure: ${failure.reason}`}`;
}

function updateWords({ version, step, bytesPerS, etaMs, attempts, failure }: FirmwareUpdateReport): string[] {
  const left = etaMs === null ? '' : `, complete in ${etaWords(etaMs)}`;
  const sending = bytesPerS === null ? [] : [`gets ${bytesWords(bytesPerS)}/s${left}.`];
  if (failure === null || step === 'done') return sending;
  return [...sending, withFullStop(`${failureWords(version, step, attempts)}: ${failure.reason}`)];
}

function failureWords(version: string, step: FirmwareStep, attempts: number): string {
  if (step === 'waiting to download again') return 'waits for its image';
  const attempt = countWords(attempts);
  if (step !== 'failed') return `is updated in attempt ${attempt}, because the last one failed`;
  return `could not be updated to ${version}${attempts > 1 ? ` in ${attempt} attempts` : ''}`;
}
