/** The file of `holdfast report`: one page that is complete, small, and safe against texts that look like markup. */
import { describe, expect, it } from 'vitest';
import { ledgerReportOf } from '../../../src/ops/reports/ledger-report.ts';
import type { PageContent } from '../../../src/page/page-content.ts';
import { reportFile } from '../../../src/page/report-file.ts';
import { BALANCED } from '../ops/api/control-rig.ts';
import { FIRMWARE } from '../ops/api/firmware-sample.ts';
import { EMPTY_SAMPLE, hourly, SAMPLE, subdeviceSample } from './page-samples.ts';

const BYTES_MAX = 300_000;
const ATTACK = '<img src=x onerror=alert(1)><script>alert(2)</script>"\'&';

function page(content: PageContent): string {
  return reportFile(content, 'last 7 days');
}

describe('the page of a report', () => {
  it('shows the verdict, the conditions with remedies, the ledger, charts, links, subdevices, events and versions', () => {
    const text = page(SAMPLE);
    for (const part of [
      'Losing data? <strong>No.</strong>',
      'refused the connection: no program listens on the port',
      'look for a firewall that rejects the connection.',
      'Ledger of all subdevices',
      'Values of “Backlog”',
      'meters',
      'meter-1',
      'Connection to the hub lost',
      '<dt>kernel</dt>',
    ])
      expect(text).toContain(part);
  });

  it('shows the device profiles, if any subdevice has one', () => {
    expect(page(SAMPLE)).not.toContain('Device profile');
    const [first, second] = [subdeviceSample('meter-1'), subdeviceSample('meter-2')];
    const text = page({ ...SAMPLE, subdevices: [{ ...first, profile: 'eastron-sdm630' }, second] });
    expect(text).toContain('Device profile');
    expect(text.match(/eastron-sdm630/g)).toHaveLength(1);
  });

  it('names what is missing if nothing could be read', () => {
    const text = page(EMPTY_SAMPLE);
    expect(text).toContain('Missing in this page');
    expect(text).toContain('The store cannot be read: it is locked.');
    expect(text).toContain('unknown gateway');
  });

  it('has a section for firmware only if there are updates, the failed ones first', () => {
    expect(page(SAMPLE)).not.toContain('id="firmware"');
    const [pump] = FIRMWARE.subdevices.filter(({ subdevice }) => subdevice === 'pump-7');
    if (pump === undefined) throw new Error('the sample has a pump');
    const idle = { ...FIRMWARE, subdevices: [{ ...pump, update: null }] };
    expect(page({ ...SAMPLE, firmware: idle })).not.toContain('id="firmware"');
    const text = page({ ...SAMPLE, firmware: FIRMWARE });
    expect(text).toContain('id="firmware"');
    expect(text).toMatch(/could not be updated to 1\.3 in 2 attempts: the subdevice still runs[\s\S]*45 % of 692 KiB/);
    const hostile = { ...FIRMWARE, subdevices: [{ ...pump, running: ATTACK, subdevice: ATTACK }] };
    expect(page({ ...SAMPLE, firmware: hostile })).not.toMatch(/<img|<script/);
  });

  it('refers to nothing outside the file and has no script', () => {
    const text = page(SAMPLE);
    expect(text).not.toMatch(/<(?:script|link|img|iframe|object|embed)\b/i);
    expect(text).not.toMatch(/\b(?:src|srcset|action)=/i);
    expect(text).not.toMatch(/url\(|@import|https?:/i);
    expect([...text.matchAll(/href="([^"]*)"/g)].filter(([, target]) => !target?.startsWith('#'))).toEqual([]);
    expect(text).not.toMatch(/ style="/);
  });

  it('shows a text that looks like markup as text', () => {
    const first = SAMPLE.status?.conditions[0];
    if (SAMPLE.status === null || first === undefined) throw new Error('the sample has a condition');
    const status = { ...SAMPLE.status, conditions: [{ ...first, sentence: ATTACK, hint: ATTACK }] };
    const text = page({
      ...SAMPLE,
      status,
      gateway: ATTACK,
      verdict: { losing: 'yes', sentence: `Yes. ${ATTACK}` },
      subdevices: [subdeviceSample(ATTACK)],
      missing: [ATTACK],
      versions: { [ATTACK]: ATTACK },
    });
    expect(text).not.toMatch(/<img|<script/);
    expect(text.split('&lt;script').length - 1).toBeGreaterThanOrEqual(7);
  });

  it('stays below 300 KB with 1,500 subdevices, 16 series and 500 events', () => {
    const names = ['uplinks_in', 'uplinks_out', 'downlinks_in', 'downlinks_out', 'backlog', 'inbox', 'hub_connected'];
    const more = ['hub_round_trip', 'link_errors', 'retries', 'shed', 'rss', 'device_bytes', 'temperature', 'x', 'y'];
    const series = [...names, ...more].map((name) =>
      hourly({ name, unit: 'messages/min', kind: 'rate' }, 720, (hour) => 1000.123 + Math.sin(hour) * 1000),
    );
    const event = {
      when: '2026-07-08 11:00:00 UTC',
      kind: 'subdevice',
      sentence: 'Subdevice meter-1 on link meters was lost: no PINGREQ within 1.5 times its keep alive of 60 s.',
      durationMs: 123_456,
    };
    const ids = Array.from({ length: 1500 }, (_, index) => `subdevice-with-a-long-name-${index}`);
    const readings = ids.flatMap((subdevice) => BALANCED.map((lane) => ({ ...lane, subdevice })));
    const text = page({
      ...SAMPLE,
      subdevices: ids.map(subdeviceSample),
      ledger: ledgerReportOf(readings, 'running'),
      history: { step: 'hour', series },
      events: { events: Array.from({ length: 500 }, () => event), more: 0 },
    });
    expect(Buffer.byteLength(text)).toBeLessThan(BYTES_MAX);
    expect(text).toContain('1,400 more subdevices');
  });
});
