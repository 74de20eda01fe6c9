/** Report about firmware updates for tests. */
import { type FirmwareUpdatesReport, firmwareReportOf } from '../../../../src/ops/reports/firmware-updates-report.ts';

/** A subdevice that gets an image, and one whose update has failed. */
export const FIRMWARE: FirmwareUpdatesReport = firmwareReportOf(true, [
  {
    ...{ subdevice: 'pump-7', running: '1.2', rejected: undefined },
    update: {
      ...{ version: '1.3', step: 'sending', size: 708_482, downloadedBytes: 708_482, confirmedBytes: 318_820 },
      ...{ bytesPerS: 2048, attempts: 1, failure: undefined, isReported: false },
    },
  },
  {
    ...{ subdevice: 'meter-1', running: '1.2' },
    rejected: { kind: 'failed before', version: '1.3', reason: 'the update to 1.3 has failed before' },
    update: {
      ...{ version: '1.3', step: 'failed', size: 708_482, downloadedBytes: 708_482, confirmedBytes: 0 },
      ...{ bytesPerS: undefined, attempts: 2, isReported: true },
      failure: { kind: 'not updated', reason: 'the subdevice still runs 1.2 after the installation' },
    },
  },
]);
