/** State of the firmware of a subdevice, for reports. */
import type { FirmwareRecord, FirmwareStep, FirmwareUpdate, FirmwareView } from '../base/firmware.ts';
import type { FirmwareStorage } from '../ports.ts';
import type { ImageDownloads } from './image-downloads.ts';
import type { ImageTransfers } from './image-transfers.ts';

interface ViewedParts {
  readonly storage: Pick<FirmwareStorage, 'find' | 'bytesOf'>;
  readonly downloads: Pick<ImageDownloads, 'isActive' | 'pauseOf'>;
  readonly transfers: Pick<ImageTransfers, 'confirmedBy' | 'rateTo' | 'isSending'>;
}

export function firmwareView(
  { subdevice, version: running, update, rejected }: FirmwareRecord,
  parts: ViewedParts,
): FirmwareView {
  if (update === undefined) return { subdevice, running, update: undefined, rejected };
  const { storage, downloads, transfers } = parts;
  const { state, offer, attempts, failure, isReported } = update;
  const { image, version } = offer;
  const isComplete = storage.find(image) !== undefined;
  const isInstalled = state === 'installing' || state === 'done';
  return {
    subdevice,
    running,
    update: {
      version,
      step: stepOf(subdevice, update, parts),
      size: image.size,
      downloadedBytes: isComplete || isInstalled ? image.size : storage.bytesOf(image),
      confirmedBytes: isInstalled ? image.size : transfers.confirmedBy(subdevice),
      bytesPerS: transfers.rateTo(subdevice),
      attempts,
      failure: failure ?? (state === 'wanted' ? downloads.pauseOf(image) : undefined),
      isReported,
    },
    rejected,
  };
}

function stepOf(
  subdevice: string,
  { state, offer: { image } }: FirmwareUpdate,
  { storage, downloads, transfers }: ViewedParts,
): FirmwareStep {
  if (state !== 'wanted') return state;
  if (storage.find(image) !== undefined)
    return transfers.isSending(subdevice) ? 'sending' : 'waiting for the subdevice';
  if (downloads.isActive(image)) return 'downloading';
  return downloads.pauseOf(image) === undefined ? 'waiting for the download' : 'waiting to download again';
}
