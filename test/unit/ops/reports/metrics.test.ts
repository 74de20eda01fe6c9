/** Metrics: the status report in the text format of Prometheus, and the page that lists the metrics. */
import { request } from 'node:http';
import { expect, it } from 'vitest';
import { ZERO } from '../../../../src/custody/ledger.ts';
import { ledgerReportOf } from '../../../../src/ops/reports/ledger-report.ts';
import { METRICS } from '../../../../src/ops/reports/metric-table.ts';
import { AWAY, withControl } from '../api/control-rig.ts';

const OPENING = `# Metrics

\`GET /v1/metrics\` on the control socket. The values are those of \`holdfast status\`; an unknown value has no sample. Counters of the
ledger continue after a restart, all others start at 0 with the process.

\`\`\`sh
curl --unix-socket /run/holdfast/control.sock http://gateway/v1/metrics
\`\`\`

The format is that of Prometheus (0.0.4), or OpenMetrics 1.0 if the \`Accept\` header names \`application/openmetrics-text\` and does not
prefer \`text/plain\`. OpenMetrics has the units of seconds and bytes, and no \`_created\` samples. The format has no effect on names.

A scraper that cannot use a Unix socket reads the same metrics on TCP, path \`/metrics\`, if the configuration says so:

    [metrics]
    listen = "127.0.0.1:9464"

Only addresses of this machine are allowed, unless \`allow_remote = true\`: the metrics contain names of subdevices and links, and cross
the network unencrypted. A request must name localhost, the address, or one of \`host_names\` in its Host header. At most 4 requests are
answered at a time, each within 5 s. Nothing can be changed there. If the address cannot be used, the gateway
runs without it and tries again every minute; the condition \`metrics-not-listening\` says why.

\`test/unit/ops/reports/metrics.test.ts\` checks this page, and \`npx vitest run test/unit/ops/reports/metrics.test.ts -u\` writes it.

| metric | kind | labels | meaning |
|---|---|---|---|
`;

/** Requests the metrics as Prometheus does. */
function scrape(socketPath: string): Promise<{ readonly type: string | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path: '/v1/metrics', agent: false }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ type: response.headers['content-type'], text: Buffer.concat(chunks).toString() });
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

/** Returns `name{label="…"} value` of each sample. */
const samplesIn = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

it('are listed in docs/metrics.md, each once', async () => {
  const rows = METRICS.map(
    ({ name, kind, labels, help }) => `| \`${name}\` | ${kind} | ${labels.join(', ')} | ${help} |`,
  );
  await expect(`${OPENING}${rows.join('\n')}\n`).toMatchFileSnapshot('../../../../docs/metrics.md');
  expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
});

it('have names of the format’s conventions: the unit last, _total for counters', () => {
  for (const { name, kind } of METRICS) {
    expect(name).toMatch(/^holdfast_[a-z0-9]+(_[a-z0-9]+)*$/);
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
  }
});

it('have the values of the status, and omit unknown ones', async () => {
  await withControl(async ({ gateway, socketPath }) => {
    const counts = { ...ZERO, accepted: 2000, delivered: 700, dead: 1, shed: { expired: 95 } };
    const readings = [{ subdevice: 'm', direction: 'uplink', counts, pending: 1204 }] as const;
    gateway.facts = { ...AWAY, ledger: ledgerReportOf(readings, 'running').totals };
    const { type, text } = await scrape(socketPath);
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
    const samples = samplesIn(text);
    for (const expected of [
      'holdfast_losing 0',
      'holdfast_condition{code="hub-away"} 1',
      'holdfast_hub_connected 0',
      'holdfast_session_away_seconds 185',
      'holdfast_session_kept_seconds 86400',
      'holdfast_session_gap 0',
      'holdfast_queue_messages{queue="outbox"} 1204',
      'holdfast_ledger_accepted_messages_total{direction="uplink"} 2000',
      'holdfast_ledger_shed_messages_total{direction="uplink",reason="expired"} 95',
      'holdfast_link_crc_errors_total{link="meters"} 10',
      'holdfast_process_resident_bytes 64000000',
      'holdfast_recordings_removed_total 1',
    ])
      expect(samples).toContain(expected);
    expect(text).not.toMatch(/holdfast_(session_replay|store_free|session_gap_age|queue_left|link_kernel)/);
  });
});

it('count the renewals of the password, if it is renewed', async () => {
  await withControl(async ({ gateway, socketPath }) => {
    expect((await scrape(socketPath)).text).not.toContain('holdfast_hub_password');
    gateway.facts = { ...AWAY, hub: { ...AWAY.hub, passwordRenewals: { attempts: 9, failures: 2 } } };
    const samples = samplesIn((await scrape(socketPath)).text);
    expect(samples).toContain('holdfast_hub_password_renewal_attempts_total 9');
    expect(samples).toContain('holdfast_hub_password_renewal_failures_total 2');
  });
});

it('do not grow between two scrapes', async () => {
  await withControl(async ({ socketPath }) => {
    const first = await scrape(socketPath);
    expect(await scrape(socketPath)).toEqual(first);
  });
});

it('exist while the storage fails, without the ledger', async () => {
  await withControl(async ({ gateway, socketPath }) => {
    gateway.facts = { ...AWAY, ledger: null };
    const { text } = await scrape(socketPath);
    expect(text).toContain('holdfast_losing 0');
    expect(text).not.toContain('holdfast_ledger');
  });
});
