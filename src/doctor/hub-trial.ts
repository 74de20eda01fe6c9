/**
 * One CONNECT to the hub with the identity of the gateway, for a gateway that does not run.
 *
 * The trial leaves the session at the hub as it was: a session that exists is kept (CleanSession=0, no PUBACK, so the
 * hub sends its messages again later), and one that this CONNECT created is deleted with a second CONNECT
 * (CleanSession=1). Otherwise the next start of the gateway would take the new session for its own and would not report
 * the loss.
 */
import type { Connack } from '../codec/mqtt.ts';
import { encodeMqtt, MqttReader } from '../codec/mqtt-wire.ts';
import { bytesSample, GREETING_BYTES_MAX, otherProtocol } from '../codec/other-protocols.ts';
import type { Credentials } from '../hub/client/credentials.ts';
import type { OpenChannel } from '../ports.ts';

export interface HubTrialOptions {
  readonly open: OpenChannel;
  readonly credentials: () => Credentials;
  readonly packetBytesMax: number;
  readonly signal: AbortSignal;
}

export type TrialResult =
  | { readonly kind: 'answered'; readonly connack: Connack; readonly ms: number }
  /** `stage`: what had been reached when the trial failed. */
  | { readonly kind: 'failed'; readonly stage: 'no connection' | 'before CONNACK'; readonly reason: string };

/** Never rejects. */
export async function tryHub(options: HubTrialOptions): Promise<TrialResult> {
  const result = await connectOnce(options, false);
  const isNew = result.kind === 'answered' && result.connack.returnCode === 0 && !result.connack.sessionPresent;
  if (isNew) await connectOnce(options, true);
  return result;
}

/** Keep alive of the trial, s. The connection ends long before. */
const KEEP_ALIVE_S = 60;

/** Sends one CONNECT, and DISCONNECT after the answer. With a clean session it deletes the session at the hub. */
export function connectOnce(options: HubTrialOptions, cleanSession: boolean): Promise<TrialResult> {
  const { open, credentials, packetBytesMax, signal } = options;
  const beganMs = performance.now();
  const reader = new MqttReader({ packetBytesMax });
  let head: Uint8Array = new Uint8Array(0);
  let stage: 'no connection' | 'before CONNACK' = 'no connection';
  return new Promise((resolve) => {
    const failed = (reason: string): void => resolve({ kind: 'failed', stage, reason });
    const end = (reason: string): void => channel.close(reason);
    const channel = open({
      opened: () => {
        stage = 'before CONNACK';
        const packet = {
          kind: 'connect',
          ...credentials(),
          cleanSession,
          keepAliveS: KEEP_ALIVE_S,
          will: undefined,
        } as const;
        channel.write(encodeMqtt(packet));
      },
      bytes: (bytes) => {
        head = Buffer.concat([head, bytes]).subarray(0, GREETING_BYTES_MAX);
        const other = otherProtocol(head);
        if (other !== undefined) {
          failed(`the other side speaks ${other}, not MQTT`);
          return end('the trial is over');
        }
        for (const packet of reader.push(bytes)) {
          if (packet.ok && packet.value.kind === 'connack') {
            resolve({ kind: 'answered', connack: packet.value, ms: Math.round(performance.now() - beganMs) });
            if (packet.value.returnCode === 0) channel.write(encodeMqtt({ kind: 'disconnect' }));
          } else if (packet.ok) failed(`the hub sent ${packet.value.kind} before CONNACK`);
          else failed(`the hub broke the protocol: ${packet.problem} (received: ${bytesSample(head)})`);
          return end('the trial is over');
        }
      },
      closed: failed,
    });
    signal.addEventListener('abort', () => end('the trial took too long'), { once: true });
  });
}
