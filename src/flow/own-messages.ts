/**
 * Messages of the gateway itself for subdevices, and downlinks that the gateway takes in the place of a subdevice. They
 * are not in custody. A message of the gateway is sent only while no downlink can be delivered to its subdevice.
 */
import type { Message } from '../base/message.ts';
import type { DriverReport } from '../driver/driver.ts';
import type { Subdevice } from '../subdevices/registry.ts';

export interface OwnMessages {
  /** Continues the work of an earlier process. */
  start(): void;
  /** Called once a minute. */
  look(): void;
  stop(): void;
  /**
   * Takes a downlink in the place of the subdevice. @param topic in the subdevice's own names @param done called when the
   * message is safe @returns false: the downlink is for the subdevice
   */
  takes(subdevice: Subdevice, topic: string, payload: Uint8Array, done: () => void): boolean;
  /**
   * Returns the next message for a present subdevice, with a topic in its own names. @param isAwake the subdevice sleeps
   * again after this message
   */
  next(subdevice: Subdevice, isAwake: boolean): Message | undefined;
  /** Called when the delivery of a message of `next` has ended. */
  ended(subdevice: Subdevice, report: Extract<DriverReport, { kind: 'delivered' | 'undelivered' }>): void;
  /**
   * Handles a downlink for a subdevice that was shed. @param topic at the hub @returns true if the gateway would have taken
   * the downlink and the hub sends it again, so that nothing is lost
   */
  wasShed(subdevice: string, topic: string): boolean;
  /** Called when the hub has lost the session, with the downlinks that it had stored. */
  hubSessionLost(): void;
}

/** Gateway without messages of its own for subdevices. */
export const NO_OWN_MESSAGES: OwnMessages = {
  start: () => undefined,
  look: () => undefined,
  stop: () => undefined,
  takes: () => false,
  next: () => undefined,
  ended: () => undefined,
  wasShed: () => false,
  hubSessionLost: () => undefined,
};
