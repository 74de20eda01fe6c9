/** Dashboard and alert rules in docs/grafana use metrics and labels that exist. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../../../src/ops/reports/metric-table.ts';

const FOLDER = new URL('../../../../docs/grafana/', import.meta.url);
/** Labels that Prometheus or the rules themselves add. */
const OUTER_LABELS = new Set(['instance', 'job']);

const textOf = (file: string): string => readFileSync(new URL(file, FOLDER), 'utf8');
const namesIn = (text: string): string[] => [...new Set(text.match(/\bholdfast_[a-z0-9_]+/g) ?? [])];
const labelsIn = (text: string): string[] => {
  const shown = [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label = '']) => label);
  const matched = [...text.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)\s*\\?"/g)].map(([, label = '']) => label);
  return [...new Set([...shown, ...matched])];
};

/** Names and labels that no metric has. */
function unknownIn(text: string): string[] {
  const known = new Set(METRICS.flatMap(({ name, labels }) => [name, ...labels]));
  return [...namesIn(text), ...labelsIn(text)].filter((name) => !known.has(name) && !OUTER_LABELS.has(name));
}

describe.each(['dashboard.json', 'alerts.yml'])('%s', (file) => {
  it('uses metrics and labels that exist', () => {
    const text = textOf(file);
    expect(namesIn(text).length).toBeGreaterThan(10);
    expect(unknownIn(text)).toEqual([]);
  });
});

it('negative control: an unknown metric or label is found', () => {
  expect(unknownIn('holdfast_hub_conected{instanze="a"} {{ $labels.lnk }}')).toEqual([
    'holdfast_hub_conected',
    'lnk',
    'instanze',
  ]);
});

it('the dashboard has panels with different numbers, each with a query', () => {
  const { panels } = JSON.parse(textOf('dashboard.json')) as { panels: { id: number; targets: { expr: string }[] }[] };
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { targets } of panels) for (const { expr } of targets) expect(expr).toMatch(/holdfast_/);
});
