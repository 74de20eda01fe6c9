/**
 * Program for a network namespace of its own: connects to a server on the loopback interface, takes the interface down,
 * and prints when the connection ends. Arguments: `watched` or `unwatched`, then `silent` or `writing`.
 */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { openTcp } from '../../src/io/tcp.ts';

/** Longer than the detection by far, and shorter than that of an unwatched connection, which takes 15 min or has no end. */
const PATIENCE_MS = 12_000;
const [watch, traffic] = process.argv.slice(2);
const deadPeer = watch === 'watched' ? { idleMs: 1000, unansweredMs: 3000 } : undefined;

execFileSync('ip', ['link', 'set', 'lo', 'up']);
const server = createServer((socket) => socket.on('error', () => undefined).resume());
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const end = (words: string): never => {
    console.log(words);
    process.exit(0);
  };
  const channel = openTcp({ host: '127.0.0.1', port: address.port, openMsMax: 5000, closeMsMax: 100, deadPeer })({
    opened: () => {
      execFileSync('ip', ['link', 'set', 'lo', 'down']);
      if (traffic === 'writing') channel.write(Uint8Array.from([1]));
      setTimeout(() => end('still open'), PATIENCE_MS);
    },
    bytes: () => undefined,
    closed: (reason) => end(reason),
  });
});
