/**
 * Tunnel through an HTTP proxy with CONNECT: the exchange on an open TCP connection to the proxy. The proxy looks up the
 * name of the hub. The time limit is that of the whole opening.
 */
import type { Socket } from 'node:net';
import { peerOf } from '../tcp.ts';
import { type ProxyLogin, proxyRefusal, readProxyAnswer, tunnelRequest } from './proxy-answer.ts';

export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
}

interface TunnelEnds {
  /** The socket is the tunnel now. Bytes that the proxy has sent already are still to be read. */
  readonly opened: () => void;
  /** @param problem predicate about the proxy, without its subject */
  readonly failed: (problem: string) => void;
}

/** Errors and the end of the socket are the business of the caller. */
export function openTunnel(
  socket: Socket,
  { host, port }: TunnelTarget,
  login: ProxyLogin | undefined,
  { opened, failed }: TunnelEnds,
): void {
  const peer = peerOf({ host, port });
  let head: Buffer = Buffer.alloc(0);
  // `readable` and not `data`, so that the socket does not flow while it is handed over
  const read = (): void => {
    for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) {
      head = Buffer.concat([head, bytes]);
      const answer = readProxyAnswer(head);
      if (answer.kind === 'more') continue;
      socket.removeListener('readable', read);
      if (answer.kind === 'invalid') return failed(answer.problem);
      const refusal = proxyRefusal(answer, peer, login);
      if (refusal !== undefined) return failed(refusal);
      if (answer.rest.length > 0) socket.unshift(answer.rest);
      return opened();
    }
  };
  socket.on('readable', read);
  socket.write(tunnelRequest(peer, login));
}
