/** Documents of the gateway among data: behind them for a limited time, and never more than a share of the pace. */
import { describe, expect, it } from 'vitest';
import { OwnDocuments } from '../../../src/flow/own-documents.ts';
import { RetainedDocuments } from '../../../src/flow/retained-documents.ts';
import { SenderBench } from './sender-rig.ts';

const DOCUMENTS = 20;
const LIMITS = { inFlightMax: 8, messagesPerS: 1, messagesMax: 100_000, pubackMsMax: 3_600_000 };

/** A sender with `DOCUMENTS` documents due and `data` uplinks, at a hub that answers once a second. */
function newField(data: number) {
  const documents = new RetainedDocuments(
    { topics: [], keep: (_, done) => done() },
    () => sender.clock.nowMs(),
    () => sender.sender.sendSoon(),
  );
  const sender = new SenderBench(LIMITS, documents);
  let unanswered: number[] = [];
  /** `d` for a document and `u` for an uplink, in the order of sending. */
  const order: string[] = [];
  sender.onSent = ({ topic, packetId, qos, retain }) => {
    order.push(topic.startsWith('doc') ? 'd' : 'u');
    if (packetId !== undefined) unanswered.push(packetId);
    if (topic.startsWith('doc')) expect([qos, retain]).toEqual([0, true]);
  };
  sender.onCommand = ({ kind }) => {
    if (kind !== 'probe') return;
    sender.sender.probed();
    sender.sender.onReceived(true);
    sender.mailbox.post(() => sender.sender.alive());
  };
  for (let left = data; left > 0; left -= 1) sender.bench.offer(`t${left}`);
  for (let left = DOCUMENTS; left > 0; left -= 1) documents.set(`doc${left}`, new Uint8Array(1), 'away');
  /** Lets time pass. @param isAnswering false: no PUBACK comes */
  const pass = (seconds: number, isAnswering = true): string => {
    order.length = 0;
    for (let left = seconds; left > 0; left -= 1) {
      sender.clock.pass(1000);
      sender.bench.nowMs = sender.clock.nowMs();
      sender.bench.commit();
      sender.bench.page();
      const packetIds = isAnswering ? unanswered : [];
      if (isAnswering) unanswered = [];
      sender.mailbox.post(() => sender.sender.acknowledged(packetIds));
    }
    return order.join('');
  };
  return { pass, documents };
}

describe('documents of the gateway', () => {
  it('wait while data wait, and then take every fourth turn of the pace', () => {
    const { pass } = newField(500);
    expect(pass(58)).toMatch(/^u+$/);
    const later = pass(120);
    expect(later).toMatch(/^u{0,6}(duuu){20}u*$/);
  });

  it('are sent at once and in the pace while no data wait', () => {
    const { pass } = newField(0);
    expect(pass(10)).toMatch(/^d{8,10}$/);
    expect(pass(30)).toMatch(/^d{10,12}$/);
  });

  it('do not wait for data that cannot be sent, after a minute', () => {
    const { pass } = newField(30);
    expect(pass(50, false)).toMatch(/^u+$/); // the window is full
    expect(pass(60, false)).toContain('d'.repeat(DOCUMENTS));
  });

  it('would take all turns without the data in between (negative control)', () => {
    const dataSent = OwnDocuments.prototype.dataSent;
    OwnDocuments.prototype.dataSent = function (this: OwnDocuments) {
      for (let count = 0; count < 10; count += 1) dataSent.call(this);
    };
    try {
      const { pass } = newField(500);
      pass(58);
      expect(pass(120)).not.toMatch(/^u{0,6}(duuu){20}u*$/);
    } finally {
      OwnDocuments.prototype.dataSent = dataSent;
    }
  });
});
