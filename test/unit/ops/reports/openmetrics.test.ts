/** Metrics in OpenMetrics: content negotiation, and the text beside the parser of the Prometheus project. */
import { spawnSync } from 'node:child_process';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { metricsFormatOf } from '../../../../src/ops/api/metrics-format.ts';
import { METRICS } from '../../../../src/ops/reports/metric-table.ts';
import { renderMetrics } from '../../../../src/ops/reports/metrics.ts';
import { judge } from '../../../../src/ops/verdict.ts';
import { AWAY, withControl } from '../api/control-rig.ts';

/** Python of the distribution, where the package python3-prometheus-client is. */
const PYTHON = '/usr/bin/python3';
const PARSE = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
families = list(parse(sys.stdin.read()))
print(json.dumps([[f.name, f.type, f.unit, f.documentation, [[s.name, s.labels, s.value] for s in f.samples]] for f in families]))
`;
const hasParser = spawnSync(PYTHON, ['-c', 'import prometheus_client.openmetrics.parser']).status === 0;

type Family = readonly [
  name: string,
  type: string,
  unit: string,
  help: string,
  samples: readonly (readonly [name: string, labels: Record<string, string>, value: number])[],
];

function parsed(text: string): { readonly families: readonly Family[]; readonly problem: string } {
  const { stdout, stderr, status } = spawnSync(PYTHON, ['-c', PARSE], { input: text, encoding: 'utf8' });
  return status === 0
    ? { families: JSON.parse(stdout), problem: '' }
    : { families: [], problem: stderr.trim().split('\n').at(-1) ?? '' };
}

const rendered = async (): Promise<string> => (await renderMetrics(judge(AWAY), 'openmetrics')).text;

describe('the Accept header', () => {
  it.each([
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/plain', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['Application/OpenMetrics-Text; version=1.0.0', 'openmetrics'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;q=0.2,text/plain;q=0.3', 'text'],
    ['application/openmetrics-text;q=x', 'text'],
    [`${'a/b,'.repeat(500)}application/openmetrics-text`, 'openmetrics'],
    // the header of Prometheus 2.50
    [
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
  ])('%j selects %s', (accept, format) => {
    expect(metricsFormatOf(accept)).toBe(format);
  });

  it('selects the format on the control socket, and two formats at once are not confused', async () => {
    await withControl(async ({ socketPath }) => {
      const scrape = (accept: string) =>
        new Promise<{ readonly type: string | undefined; readonly text: string }>((resolve, reject) => {
          const outgoing = request(
            { socketPath, path: '/v1/metrics', headers: { accept }, agent: false },
            (response) => {
              let text = '';
              response.setEncoding('utf8').on('data', (piece) => {
                text += piece;
              });
              response.once('end', () => resolve({ type: response.headers['content-type'], text }));
            },
          );
          outgoing.once('error', reject).end();
        });
      const [open, plain] = await Promise.all([scrape('application/openmetrics-text'), scrape('text/plain')]);
      expect(open.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
      expect(open.text).toMatch(/\n# EOF\n$/);
      expect(plain.type).toMatch(/^text\/plain; version=0\.0\.4/);
      expect(plain.text).not.toContain('# EOF');
    });
  });
});

describe.skipIf(!hasParser)('the parser of python3-prometheus-client', () => {
  it('accepts the metrics: every name, type, meaning and value', async () => {
    const { families, problem } = parsed(await rendered());
    expect(problem).toBe('');
    const expected = METRICS.filter(({ read }) => read(judge(AWAY)).length > 0);
    expect(families.map(([name]) => name)).toEqual(expected.map(({ name }) => name.replace(/_total$/, '')));
    expect(families.map(([, type]) => type)).toEqual(expected.map(({ kind }) => kind));
    expect(families.map(([, , , help]) => help)).toEqual(expected.map(({ help }) => help));
    const values = families.flatMap(([, , , , samples]) => samples);
    expect(values).toEqual(
      expected.flatMap(({ name, read }) => read(judge(AWAY)).map(({ labels, value }) => [name, labels, value])),
    );
  });

  it('knows the unit of each metric in seconds or bytes', async () => {
    for (const [name, , unit] of parsed(await rendered()).families)
      expect([name, unit]).toEqual([name, /_(seconds|bytes)$/.exec(name)?.[1] ?? '']);
  });

  it.each<[string, (text: string) => string]>([
    ['without # EOF', (text) => text.replace('# EOF\n', '')],
    [
      'with a counter without _total',
      (text) => text.replace('holdfast_store_commits_total ', 'holdfast_store_commits '),
    ],
    ['with a unit that is not the end of the name', (text) => text.replace(/# UNIT (\S+) seconds/, '# UNIT $1 bytes')],
    ['with a metric twice', (text) => text.replace('# EOF', `${text.split('\n').slice(0, 3).join('\n')}\n# EOF`)],
  ])('refuses them %s (negative control)', async (_, damage) => {
    const text = await rendered();
    expect(damage(text)).not.toBe(text);
    expect(parsed(damage(text)).problem).toMatch(/^ValueError/);
  });
});
