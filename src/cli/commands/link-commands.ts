/** Commands for serial ports and links. */
import type { Command } from 'commander';
import type { LinkTestOptions } from '../link-test.ts';
import { type Add, wholeNumber } from './add-command.ts';

export function addLinks(add: Add, program: Command): void {
  add('ports', 'List serial ports and their stable names', async ({ context }) =>
    (await import('../show-ports.ts')).showPorts(context),
  );
  add('links', 'Show links: rates, errors, round trips', async ({ context }) =>
    (await import('../show-links.ts')).showLinks(context),
  );
  const link = program.command('link').description('Commands for one link');
  add<LinkTestOptions>(
    'test <name>',
    'Test a link: count frames, probe its subdevices, rate the quality',
    async ({ context, options, words }) => (await import('../link-test.ts')).testLink(context, words[0] ?? '', options),
    link,
  )
    .option('--seconds <count>', 'duration of the test', wholeNumber(1, 3600), 10)
    .option('--probes <count>', 'probes per subdevice; 0 = count frames only', wholeNumber(0, 1000), 20);
}
