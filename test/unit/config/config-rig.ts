/** Valid configuration files, and small changes to them. */
import { expect } from 'vitest';
import type { Problem } from '../../../src/config/kinds/problem.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Config } from '../../../src/config/schema.ts';

export const GENERIC = `
[gateway]
name = "shed-3"
[hub]
profile = "generic"
host = "hub.example.net"
[[link]]
name = "meters"
path = "/dev/ttyUSB0"
[[subdevice]]
id = "meter-1"
`;

export const HUB = `
[gateway]
name = "shed-3"
[hub]
profile = "mainland"
host = "ABCDEFGHIJ.iotcloud.tencentdevices.com"
product_id = "ABCDEFGHIJ"
device_name = "gw-01"
device_secret_file = "/etc/holdfast/secret"
[[link]]
name = "meters"
path = "/dev/ttyUSB0"
[[subdevice]]
id = "meter-1"
product_id = "KLMNOPQRST"
device_name = "sub-01"
`;

/** Adds lines below a heading. */
export function under(heading: string, lines: string, text = GENERIC): string {
  expect(text).toContain(`\n${heading}\n`);
  return text.replace(`\n${heading}\n`, `\n${heading}\n${lines}\n`);
}

export function configOf(text: string): Config {
  const parsed = parseConfig(text);
  expect(parsed.ok ? [] : parsed.problems).toEqual([]);
  if (!parsed.ok) throw new Error('unreachable: the line above has failed');
  return parsed.config;
}

export function problemsOf(text: string): readonly Problem[] {
  const parsed = parseConfig(text);
  return parsed.ok ? [] : parsed.problems;
}

export function pathsOf(text: string): string[] {
  return problemsOf(text).map((problem) => problem.path);
}
