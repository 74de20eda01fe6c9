import { expect, it } from 'vitest';
import { FirmwareReport } from '../../../../src/hub/gateway/firmware-report.ts';

const GATEWAY = { productId: 'GGGGGGGGGG', deviceName: 'gw' };
const received = (content: object) => ({
  ...{ topic: '$ota/update/GGGGGGGGGG/gw', qos: 1 as const },
  payload: new TextEncoder().encode(JSON.stringify(content)),
});
const textOf = (payload: Uint8Array | undefined): string => new TextDecoder().decode(payload);

it('reports the version until the hub confirms it, and not again in later connections', () => {
  const report = new FirmwareReport(GATEWAY, '1.2.3');
  expect(report.next(0)).toBeUndefined();
  report.connected();
  const request = report.next(0);
  expect(request?.topic).toBe('$ota/report/GGGGGGGGGG/gw');
  expect(textOf(request?.payload)).toBe('{"type":"report_version","report":{"version":"1.2.3"}}');
  expect([report.next(4999), report.next(5000)?.topic]).toEqual([undefined, '$ota/report/GGGGGGGGGG/gw']);
  report.disconnected();
  expect(report.next(9000)).toBeUndefined();
  report.connected();
  expect(report.next(9000), 'not confirmed yet').toBeDefined();
  expect(report.onReceived(received({ type: 'report_version_rsp', version: '1.2.2' }))).toEqual([]);
  expect(report.next(20_000), 'a stale confirmation of another version').toBeDefined();
  report.onReceived(received({ type: 'report_version_rsp', version: '1.2.3' }));
  expect([report.next(30_000), report.wakeAtMs()]).toEqual([undefined, undefined]);
  report.connected();
  expect(report.next(40_000)).toBeUndefined();
});

it('notes an offer once, and ignores it', () => {
  const report = new FirmwareReport(GATEWAY, '1.2.3');
  const offer = received({ type: 'update_firmware', version: '2\n0', url: 'http://x' });
  expect(report.onReceived(offer)).toEqual([
    { kind: 'notice', sentence: expect.stringMatching(/^The hub offers firmware 2\?0 for the gateway; it is ignored/) },
  ]);
  expect(report.onReceived(offer)).toEqual([]);
  expect(report.onReceived({ ...offer, payload: new Uint8Array([0xff]) })).toEqual([]);
});
