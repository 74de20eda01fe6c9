/**
 * MsgIds of packets sent to one client. A repeated delivery keeps its MsgId, so that the client recognises the
 * repetition. So the MsgId of a message in custody follows from its number, which is the same over restarts of the
 * gateway. Any other MsgId counts up. Source: MQTT-SN 1.2 §5.3.7, §6.13.
 */
import { crc32 } from '../../codec/crc32.ts';
import { MESSAGE_ID_MAX } from '../../codec/mqttsn-packets.ts';
import type { DriverCommand } from '../driver.ts';

interface Published {
  readonly topic: string;
  readonly payloadCrc: number;
  readonly messageId: number;
}

type Publication = Pick<Extract<DriverCommand, { kind: 'deliver' }>, 'topic' | 'payload' | 'dup' | 'number'>;

export class MessageIds {
  private last = 0;
  /** Last publication that was given a MsgId. */
  private published: Published | undefined;

  next(): number {
    this.last = this.last >= MESSAGE_ID_MAX ? 1 : this.last + 1;
    return this.last;
  }

  /**
   * MsgId of this publication. One without a number keeps its previous MsgId if it is repeated and nothing was published
   * in between.
   */
  ofPublication({ topic, payload, dup, number }: Publication): number {
    if (number !== undefined) return 1 + (number % MESSAGE_ID_MAX);
    const payloadCrc = crc32(payload);
    const last = this.published;
    const isRepetition = dup && last?.topic === topic && last.payloadCrc === payloadCrc;
    const messageId = last !== undefined && isRepetition ? last.messageId : this.next();
    this.published = { topic, payloadCrc, messageId };
    return messageId;
  }

  /** Forgets the last publication, because the client has forgotten it too. */
  forget(): void {
    this.published = undefined;
  }
}
