/**
 * The product's own `run` with an event loop that hangs on SIGUSR2: in JavaScript, or in the opening of the FIFO HANG_IN,
 * which has no writer.
 */
import { openSync } from 'node:fs';
import { runGateway } from '../../src/daemon.ts';

process.on('SIGUSR2', () => {
  if (process.env.HANG_IN !== undefined) openSync(process.env.HANG_IN, 'r');
  spinForever();
});

function spinForever(): never {
  for (;;);
}

process.exit(await runGateway({ configPath: process.argv.at(-1) ?? '', version: 'hanging' }));
