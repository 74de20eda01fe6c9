/** Screen of `holdfast explain`: fits the terminal, and an unknown name is an error with the nearest names. */
import { expect, it } from 'vitest';
import type { CommandContext } from '../../../src/cli/context.ts';
import { explanationLines, showExplain } from '../../../src/cli/show-explain.ts';
import { withControl } from '../ops/api/control-rig.ts';

const plain = (_tone: string, text: string): string => text;

it.each([40, 80])('fits 24 lines of %i columns', async (width) => {
  await withControl(async ({ gateway }) => {
    const [explanation] = gateway.explain('u1-7').explanations;
    if (explanation === undefined) throw new Error('no explanation');
    const lines = explanationLines(explanation, { width, isScreen: true, print: () => undefined, tone: plain });
    expect(lines.length).toBeLessThanOrEqual(23);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
    const text = lines.join('\n').replaceAll(/\s+/g, ' ');
    expect(text).toContain('message u1-7');
    expect(text).toContain('* hub-away: The hub is away for 3 min.');
    expect(text).toContain('on disk, class backlog; message 65 to 1,204 of 1,204 of meter-1');
    expect(text).toContain('When Unknown, because the hub is away.');
    expect(text).toContain('Shed No rule sheds it.');
  });
});

it('is the answer for the name, and an error for an unknown one', async () => {
  await withControl(async ({ socketPath }) => {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    const terminal = { width: 80, isScreen: false, print, tone: plain };
    const context: CommandContext = { terminal, asJson: false, configPath: '/nowhere', socketPath };
    expect(await showExplain(context, 'u1-7')).toBe(0);
    expect(lines[0]).toBe('message u1-7');
    await expect(showExplain(context, 'meter')).rejects.toMatchObject({
      code: 'usage',
      message: 'No message, subdevice or link has the name meter',
      hint: expect.stringContaining('Did you mean meter-1?'),
    });
  });
});
