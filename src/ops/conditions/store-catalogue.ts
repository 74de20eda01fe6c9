/** Conditions of the store and of its disk, as a part of the catalogue (`catalogue.ts`). */
import type { ConditionEntry } from './condition-entry.ts';

export const STORE_CONDITIONS = {
  'damaged-rows': {
    meaning: 'Messages in the store were found damaged or missing.',
    effect: 'The counted messages are lost. Nothing damaged is passed on.',
    remedy: 'Replace the storage medium; then run holdfast acknowledge-loss.',
    keys: ['gateway.state_dir'],
  },
  'damaged-records': {
    meaning: 'Records of the gateway itself (sessions, counters and the like) were found damaged.',
    effect: 'No message was lost by this, but the storage medium is failing.',
    remedy: 'Replace the storage medium.',
    keys: ['gateway.state_dir'],
  },
  'store-damaged': {
    meaning: 'The store was found damaged when it was opened, and every message in it was recovered.',
    effect: 'No message was lost, but the storage medium is failing.',
    remedy: 'Replace the storage medium.',
    keys: ['gateway.state_dir'],
  },
  'loss-unknown': {
    meaning: 'The store was damaged in such a way that the number of lost messages cannot be determined.',
    effect: 'An unknown number of messages may be lost.',
    remedy:
      'Compare the messages at the hub with those that were sent. Replace the storage medium; then run holdfast acknowledge-loss.',
    keys: ['gateway.state_dir'],
  },
  'store-filling': {
    meaning: 'The disk of the state directory has less than 2 MB free.',
    effect: 'None yet. Messages that cannot be delivered at once will find no room soon.',
    remedy: 'Free at least 2 MB on that disk.',
    keys: ['gateway.state_dir', 'outbox.bytes_max'],
  },
  'store-full': {
    meaning: 'The disk of the state directory is full.',
    effect:
      'On a full disk nothing new is accepted: subdevices that can wait are asked to, and the hub gets no PUBACK. Nothing accepted is lost; what other devices send is lost.',
    remedy: 'Free at least 2 MB on that disk. The gateway continues by itself.',
    keys: ['gateway.state_dir', 'outbox.bytes_max'],
  },
  'store-slow': {
    meaning: 'A commit to the store takes 2 s or more.',
    effect: 'None on messages in custody. Acknowledgements to subdevices wait for the commit while the hub is away.',
    remedy: 'Replace a worn or cheap card, and look for another program that writes to it.',
    keys: ['gateway.state_dir'],
  },
  'store-failed': {
    meaning: 'The store cannot be opened or written.',
    effect: 'Nothing is accepted and nothing is sent. Messages in the store are as safe as the storage medium.',
    remedy: 'Follow the hint of the condition: permissions, a second gateway, a read-only or failing medium.',
    keys: ['gateway.state_dir'],
  },
  'store-volatile': {
    meaning: 'The state directory is in RAM, and allow_volatile_store permits it.',
    effect: 'A power cut loses every message in the store.',
    remedy: 'Set state_dir to a directory on a disk and remove allow_volatile_store.',
    keys: ['gateway.state_dir', 'gateway.allow_volatile_store'],
  },
  'cloned-store': {
    meaning:
      'The store was written on another machine, and not by a card that was moved here: it may be a copy, for example of a card, and the other gateway may still run with the same identity. Two such gateways take the connection to the hub and the downlinks from each other.',
    effect:
      'Uplinks are accepted and kept on disk. Nothing is sent to the hub, and no downlink is delivered, until an operator decides. A full outbox makes subdevices wait.',
    remedy:
      'If this machine replaces the other one, switch that one off and run holdfast adopt. If it still runs, stop this gateway, move its state directory away, give it a client id of its own, and start it again.',
    keys: ['gateway.state_dir', 'hub.client_id'],
  },
} as const satisfies Readonly<Record<string, ConditionEntry>>;
