/** TCP connections through a slow network: each piece arrives late, and pieces of the server arrive in two parts. */

import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

export interface SlowNetworkPlan {
  /** Port of the server behind the network. */
  readonly port: number;
  /** Delay of each direction, ms. */
  readonly delayMs: number;
  /** Pause between the parts of a piece of the server, ms; 0: a piece stays whole. */
  readonly gapMs: number;
}

/** @returns port on this side of the network, and a function that cuts every connection */
export async function openSlowNetwork({
  port,
  delayMs,
  gapMs,
}: SlowNetworkPlan): Promise<{ port: number; cut: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = dial(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      let last = Promise.resolve();
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        const arrival = pause(delayMs);
        last = last.then(() => arrival).then(() => pass(bytes, to, to === near ? gapMs : 0));
      });
    }
  });
  const pass = async (bytes: Buffer, to: Socket, gap: number): Promise<void> => {
    const half = gap === 0 ? bytes.length : Math.ceil(bytes.length / 2);
    to.write(bytes.subarray(0, half));
    if (half === bytes.length) return;
    await pause(gap);
    to.write(bytes.subarray(half));
  };
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, cut };
}
