/** A process whose event loop hangs at once, watched by the thread of the product. Its last word is the file of hangs. */
import { HUNG } from '../../src/ops/watchdog/hung-loop.ts';
import { watchLoop } from '../../src/ops/watchdog/loop-watch.ts';

process.on(HUNG, () => process.stdout.write('recordings written\n'));
watchLoop({ turnMs: 50, turnsMax: 6, hangsPath: process.argv.at(-1) ?? '', logFormat: 'text' }, (why) => {
  throw new Error(why);
});
setImmediate(spinForever);

function spinForever(): never {
  for (;;);
}
