/** Samples of the reports of messages and holds. */
import type { HoldReport } from '../../../../src/ops/queues/hold-report.ts';
import type { MessagesReport } from '../../../../src/ops/queues/message-report.ts';

const age = { ms: 185_000, quality: 'exact' as const };

export const HOLD: HoldReport = { queue: 'outbox', subdevice: 'meter-1', topic: 'plant/#', age };

export const MESSAGES: MessagesReport = {
  queue: 'outbox',
  messages: [
    {
      number: 17,
      name: 'u1-17',
      subdevice: 'meter-1',
      topic: 'plant/meter-1/state',
      bytes: 2,
      qos: 1,
      retain: false,
      alarm: false,
      age,
      acceptedMs: null,
      state: 'waiting',
      attempts: 0,
      payload: { base64: 'b24=', text: 'on' },
    },
  ],
  tally: { messages: 1, bytes: 2, oldest: age, newest: age, subdevices: [] },
  damaged: 0,
  scanned: 1,
  next: null,
  newest: 17,
  rejected: null,
};
