/** JSON Schema of the configuration file beside the parser: both accept and reject the same mistakes of one key. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { exampleConfiguration } from '../../../package/example-configuration.ts';
import { configSchema } from '../../../src/config/config-schema.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { configurationBlocks } from '../../document-blocks.ts';
import { GENERIC, HUB, under } from './config-rig.ts';

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(configSchema());
const isAccepted = (text: string): boolean => validate(JSON.parse(JSON.stringify(parse(text))));

describe('the schema', () => {
  it.each([...configurationBlocks(), ['of the package', exampleConfiguration()] as const])(
    'accepts the example %s',
    (_, text) => {
      isAccepted(text);
      expect(validate.errors ?? []).toEqual([]);
    },
  );

  it.each([
    ['an unknown section', `${GENERIC}[hubb]\nhost = "h"`],
    ['an unknown key', under('[hub]', 'hots = "h"')],
    ['an unknown key of a link', under('[[link]]', 'baudrate = 9600')],
    ['a missing key', GENERIC.replace('host = "hub.example.net"\n', '')],
    ['a missing section', GENERIC.replace(/\[hub\][^[]*/, '')],
    ['a missing list', GENERIC.replace(/\[\[link\]\][^[]*/, '')],
    ['a value of another type', under('[hub]', 'port = "1883"')],
    ['a value below its range', under('[[link]]', 'baud_rate = 299')],
    ['a value above its range', under('[outbox]', 'live_share = 1.5', GENERIC.replace('[hub]', '[outbox]\n[hub]'))],
    ['a fraction', under('[hub]', 'port = 18.5')],
    ['an unknown word', under('[hub]', 'tls = "yes"')],
    ['a name with a slash', GENERIC.replace('name = "shed-3"', 'name = "a/b"')],
    ['a relative path', under('[gateway]', 'state_dir = "var"')],
    ['a path with NUL', under('[gateway]', 'state_dir = "/a\\u0000b"')],
    ['a product id that is too short', HUB.replace('"KLMNOPQRST"', '"KLM"')],
    ['a table in the place of a list', GENERIC.replace('[[subdevice]]', '[subdevice]')],
  ])('and config check reject %s', (_, text) => {
    expect(parseConfig(text).ok).toBe(false);
    expect(isAccepted(text)).toBe(false);
  });

  it('has meanings and defaults for the editor', () => {
    expect(configSchema().properties).toMatchObject({
      hub: { properties: { connect_ms_max: { default: 10_000, description: expect.stringContaining('CONNACK') } } },
    });
  });

  it('has only patterns that the engines of the editors know', () => {
    const patterns = [...JSON.stringify(configSchema()).matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)].map(
      ([, one]) => one,
    );
    expect(patterns.length).toBeGreaterThan(10);
    // taplo rejects \0, look-around and back references
    expect(patterns.filter((pattern = '') => /\\\\[0-9]|\(\?[=!<]/.test(pattern))).toEqual([]);
  });

  it('is named by the first example of the reference', () => {
    expect(readFileSync('docs/configuration.md', 'utf8')).toContain('#:schema ./holdfast.schema.json');
  });
});
