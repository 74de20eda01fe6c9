/** Tests that examples in the documents work as printed: configurations and device profiles are complete and valid, commands exist. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readProfile } from '../../../src/config/device-profiles/profile-file.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { completeText } from '../../../src/ops/complete-config.ts';
import { blocksOf, configurationBlocks, profileBlocks } from '../../document-blocks.ts';

const HOME = fileURLToPath(new URL('../../..', import.meta.url));
describe('an example of a configuration', () => {
  it('is found in the documents', () => {
    expect(configurationBlocks().length).toBeGreaterThanOrEqual(7);
  });

  it.each(configurationBlocks())('passes config check as printed: %s', (_, text) => {
    const parsed = parseConfig(completeText(text));
    expect(parsed.ok ? [] : parsed.problems).toEqual([]);
  });
});

describe('an example of a device profile', () => {
  it.each(profileBlocks())('passes profiles check as printed: %s', (_, text) => {
    expect(readProfile({ file: 'profile.toml', text }, undefined).problems).toEqual([]);
  });
});

describe('an example of JSON', () => {
  it.each(blocksOf('json'))('is valid JSON: %s', (_, text) => {
    expect(() => JSON.parse(text)).not.toThrow();
  });
});

describe('a command of an example', () => {
  const folder = join(HOME, 'src/cli/commands');
  const known = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');

  it.each(blocksOf('sh'))('exists: %s', (_, text) => {
    const commands = [...text.matchAll(/(?:^|\/)holdfast ([a-z-]+)/gm)].map(([, name = '']) => name);
    // Command groups are created by `command(`, verbs and words by `add(`.
    const missing = commands.filter((name) => !new RegExp(`(add|command)(<.*>)?\\(\\s*'${name}[ ']`).test(known));
    expect(missing).toEqual([]);
  });
});
