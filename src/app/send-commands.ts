/** Commands of the administrative socket for test messages (`flow/test-messages.ts`). */
import { TEST_PAYLOAD_BYTES_MAX, type TestMessageReport, type TestWay } from '../base/test-message.ts';
import { type AdminCommands, refusal } from '../ops/api/administration.ts';
import { countOf } from '../ops/words.ts';
import type { Gateway } from './gateway.ts';
import { runInMailbox } from './in-mailbox.ts';

type Body = Readonly<Record<string, unknown>>;

/** Largest text that a payload can have as base64. */
const BASE64_LENGTH_MAX = Math.ceil(TEST_PAYLOAD_BYTES_MAX / 3) * 4;

export function sendCommands(gateway: Gateway): AdminCommands {
  return {
    'send.uplink': async (body, by) => send(gateway, 'uplink', body, by),
    'send.downlink': async (body, by) => send(gateway, 'downlink', body, by),
    'send.outcome': async ({ id }) =>
      runInMailbox(gateway, () => {
        const report = gateway.testMessages.report(Number(id));
        if (report === undefined)
          throw refusal('The outcome of this test message is no longer known', 'holdfast outbox shows what waits.');
        return report;
      }),
  };
}

function send(gateway: Gateway, way: TestWay, body: Body, by: string | undefined): Promise<TestMessageReport> {
  const { subdevice, topic, payload } = body;
  if (typeof subdevice !== 'string' || typeof topic !== 'string' || typeof payload !== 'string')
    throw refusal(
      'Missing "subdevice", "topic" or "payload" in the request',
      'Write {"subdevice": "meter-1", "topic": "t", "payload": "base64"}.',
    );
  if (payload.length > BASE64_LENGTH_MAX)
    throw refusal('The payload is too large', `At most ${TEST_PAYLOAD_BYTES_MAX} bytes are allowed.`);
  return runInMailbox(gateway, () => {
    const bytes = new Uint8Array(Buffer.from(payload, 'base64'));
    const sent = gateway.testMessages.send({ way, subdevice, topic, payload: bytes });
    if (typeof sent === 'object') throw refusal(sent.what, sent.hint);
    const detail = `test message on ${topic}, ${countOf(bytes.length, 'byte')}`;
    gateway.parts.facts.emit('operatorActed', { action: `send ${way}`, subject: subdevice, detail, by });
    const report = gateway.testMessages.report(sent);
    if (report === undefined) throw new Error(`test message ${sent} is unknown`);
    return report;
  });
}
