/**
 * The gateway with a monotonic clock that the test advances: each SIGUSR2 adds the milliseconds in the file
 * `ADVANCE_FILE`, and due timers fire. Everything else is as in the product, or with `OVERLOOKS=intake` a gateway
 * that counts no message that ends before custody.
 */
import { readFileSync } from 'node:fs';
import { createClock } from '../../src/io/clock.ts';
import { storeThread } from '../../src/store/thread.ts';
import { runAlteredGateway } from './altered-gateway.ts';

interface Armed {
  readonly dueAtMs: number;
  readonly fire: () => void;
}

let aheadMs = 0;
const armed = new Set<Armed>();
const nowMs = (): number => Math.floor(Number(process.hrtime.bigint() / 1_000_000n)) + aheadMs;

const clock = createClock({
  nowMs,
  wallMs: () => Date.now() + aheadMs,
  after(delayMs, call) {
    const one: Armed = {
      dueAtMs: nowMs() + delayMs,
      fire: () => {
        cancel();
        call();
      },
    };
    const timer = setTimeout(one.fire, delayMs);
    const cancel = (): void => {
      clearTimeout(timer);
      armed.delete(one);
    };
    armed.add(one);
    return cancel;
  },
});

process.on('SIGUSR2', () => {
  aheadMs += Number(readFileSync(process.env.ADVANCE_FILE ?? '', 'utf8'));
  for (const one of [...armed]) if (one.dueAtMs <= nowMs()) setImmediate(() => armed.has(one) && one.fire());
});

await runAlteredGateway(
  (path) => storeThread(path, 'one boot'),
  () => ({ clock }),
  ({ intake }) => {
    if (process.env.OVERLOOKS === 'intake') intake.note = () => undefined;
  },
);
