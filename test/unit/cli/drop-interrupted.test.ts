/** Ctrl-C while `drop` counts: a summary, and nothing is dropped. */
import { expect, it } from 'vitest';
import type { CommandContext } from '../../../src/cli/context.ts';
import { dropMessages } from '../../../src/cli/queues/drop-messages.ts';
import { withControl } from '../ops/api/control-rig.ts';

const PAGE = 4096;

it.each([
  [
    false,
    /^The command was interrupted while counting: 3 messages selected of the first 8,192\. Nothing was dropped\.$/,
  ],
  [true, /"stopped":"interrupted while counting: 3 messages .* Nothing was dropped"/],
])('ends after the present page with a summary (JSON: %s)', async (asJson, expected) => {
  await withControl(async ({ gateway, socketPath }) => {
    let pages = 0;
    const { messages } = gateway;
    const tally = { messages: 3, bytes: 30, oldest: null, newest: null, subdevices: [] };
    gateway.messages = async () => {
      pages += 1;
      if (pages === 2) process.emit('SIGINT');
      const page = await messages();
      return { ...page, messages: [], tally: pages === 1 ? tally : null, scanned: PAGE, next: pages * PAGE };
    };
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    const terminal = { width: 200, isScreen: false, print, tone: (_: string, text: string) => text };
    const context: CommandContext = { terminal, asJson, configPath: '/nowhere', socketPath };
    const listeners = process.listenerCount('SIGINT');
    expect(await dropMessages(context, 'outbox', { all: true, yes: true, subdevice: [], topic: [] }, [])).toBe(1);
    expect(pages).toBe(2);
    expect(lines.join('\n')).toMatch(expected);
    expect(process.listenerCount('SIGINT')).toBe(listeners);
  });
});
