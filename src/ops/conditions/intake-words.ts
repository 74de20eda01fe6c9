/** For each reason why a message ends outside custody: what that is, what it means, and what is to be done about it. */
import type { Direction } from '../../base/message.ts';
import type { IntakeReason } from '../../flow/intake.ts';
import type { Losing } from '../reports/report.ts';
import type { ConditionCode } from './catalogue.ts';

export interface IntakeWords {
  readonly code: ConditionCode;
  /** One of them: `line`, `frame`. */
  readonly noun: string;
  /** `does not match the pattern` */
  readonly why: string;
  readonly hint: string;
  /**
   * While it lasts. `most`: yes where it is most of what comes; now and then a sender repeats what is broken. `not shown`:
   * no condition.
   */
  readonly losing: Losing | 'most' | 'not shown';
}

const CHECK_WIRE =
  'Compare speed, parity and framing of both ends; then look at the ground wire, on RS-485 at the termination.';

function frames(why: string, hint: string): IntakeWords {
  return { code: 'frames-broken', noun: 'frame', why, hint, losing: 'most' };
}

function lines(why: string, hint: string): IntakeWords {
  return { code: 'lines-discarded', noun: 'line', why, hint, losing: 'yes' };
}

function uplinks(why: string, hint: string, losing: Losing = 'at risk'): IntakeWords {
  return { code: 'uplinks-refused', noun: 'uplink', why, hint, losing };
}

function units(why: string, hint: string): IntakeWords {
  return { code: 'unit-trouble', noun: 'request', why, hint, losing: 'at risk' };
}

/** No data of the plant is lost by a command that cannot be carried out. */
function commands(why: string, hint: string, losing: Losing = 'no'): IntakeWords {
  return { code: 'commands-refused', noun: 'command', why, hint, losing };
}

function shed(why: string, hint: string, losing: IntakeWords['losing'] = 'yes'): IntakeWords {
  return { code: 'shedding', noun: 'message', why, hint, losing };
}

function shedDownlinks(why: string, hint: string, losing: Losing = 'yes'): IntakeWords {
  return { code: 'inbox-shedding', noun: 'downlink', why, hint, losing };
}

function tooLarge(taker: string, hint: string): IntakeWords {
  return { code: 'too-large', noun: 'message', why: `larger than ${taker} takes`, hint, losing: 'yes' };
}

const RAISE_OUTBOX = 'Bring the hub back; or raise messages_max and bytes_max of [outbox]; or change overflow.';
const RAISE_INBOX =
  'Bring the subdevice back; or raise messages_max of [inbox]; or let the sender send less while the subdevice is away.';
const SEND_AGAIN = 'Correct the command at its sender, and send it again.';
const SPLIT = 'Let the sender split the message, or send less.';
const TAKE_LESS =
  'Let the subdevice send less at once, or topics and payloads that the hub takes (limits under [hub]).';

const INTAKE_WORDS: Readonly<Record<IntakeReason, IntakeWords>> = {
  'frame checksum': frames('a wrong checksum', CHECK_WIRE),
  'frame coding': frames('no valid framing', CHECK_WIRE),
  'frame too long': frames(
    'more bytes than packet_bytes_max, or no end',
    'Raise packet_bytes_max of the link, if the device sends such packets. Else the bytes are no frames: compare speed and framing.',
  ),
  noise: frames('bytes that are no packet', CHECK_WIRE),
  'malformed packet': frames(
    'a good checksum, and no MQTT-SN packet in it',
    'The device speaks something else than MQTT-SN 1.2, or its firmware has a fault: holdfast trace shows the packets.',
  ),
  'client refused': {
    ...{ code: 'link-foreign-device', noun: 'CONNECT', why: 'a client id that is not served there', losing: 'at risk' },
    hint: 'Add the subdevice to the configuration of this link, or connect it to the link that it is configured for.',
  },
  'client not connected': uplinks(
    'a PUBLISH without a connection',
    'The device has to connect first; for QoS -1 give the link its one subdevice, or the [[subdevice]] its node_id.',
    'yes',
  ),
  'unknown topic id': uplinks(
    'a topic id that is not known',
    'Add the id to predefined_topics of the link, or let the device register its topic.',
    'yes',
  ),
  'QoS 2': uplinks('QoS 2, which hubs of this kind do not have', 'Let the device publish with QoS 1.'),
  'line check': lines(
    'the check at the end is missing or wrong',
    'Compare check and check_separator with what the device sends; if only some are wrong, look at the wire.',
  ),
  'line noise': lines(
    'bytes that are no text',
    'Compare speed and parity of both ends first; then the ground wire, on RS-485 the termination. If the device sends binary data, it does not speak lines.',
  ),
  'line encoding': lines(
    'it is not valid UTF-8',
    'Write encoding = "latin1" in [link.lines] if the device sends Latin-1; if the bytes are garbage, compare the speed.',
  ),
  'line pattern': lines(
    'it does not match pattern',
    'Compare pattern in [link.lines] with the sample, character by character; holdfast trace shows the lines.',
  ),
  'line not JSON': lines(
    'it is no JSON object',
    'Let the device send one JSON object a line, or write format = "text" in [link.lines].',
  ),
  'line field': lines(
    'a field of topic or ack is missing or cannot be used',
    'Let the device send the field, or change topic or ack in [link.lines].',
  ),
  'line sequence': lines('the field of sequence is missing', 'Let the device send it, or remove sequence.'),
  'line subdevice': lines(
    'it names a subdevice that the link does not serve',
    'Add the subdevice to subdevices of the link, or correct its name in the device.',
  ),
  'line too long': lines(
    'it is longer than line_bytes_max',
    'Raise line_bytes_max; if the sample holds several lines, correct delimiter.',
  ),
  'line not ended': {
    ...{ code: 'lines-not-ended', noun: 'byte', why: 'no delimiter ended a line', losing: 'yes' },
    hint: 'Correct delimiter in [link.lines] to what ends a line of this device; if the bytes are garbage, compare the speed.',
  },
  'unit silent': units(
    'the unit does not answer',
    'Check its power, its wires, its address and the speed of the line.',
  ),
  'unit exception': units(
    'the unit refuses points, and these have no value',
    'Compare table, address and type of the points with the manual of the unit: some manuals count from 1 or from 40001.',
  ),
  'unit checksum': units('its answers arrive damaged', CHECK_WIRE),
  'unit mismatch': units(
    'what comes is whole, and answers another request',
    'Look for a second master, two units with one address, an adapter that echoes, or a fault in the firmware of the unit; holdfast trace shows the frames.',
  ),
  'unit value': units(
    'the unit answers, and the value is no number',
    'Compare type and word_order of the points with the manual, unless the unit says so when a sensor is missing.',
  ),
  'topic not allowed': uplinks(
    'a topic that does not belong to the subdevice',
    'Correct the topic in the device, or topic_template of [hub].',
  ),
  'payload too large': uplinks('a payload larger than the hub takes', TAKE_LESS),
  'topic too long': uplinks('a topic longer than the hub takes', TAKE_LESS),
  'too many slashes': uplinks('a topic with more levels than the hub takes', TAKE_LESS),
  'no room': uplinks(
    'the outbox or the disk was full, and the device cannot be told to wait',
    'Bring the hub back, or raise messages_max and bytes_max of [outbox]. With ack in [link.lines] a device can be told to send a line again.',
    'yes',
  ),
  'not served': uplinks(
    'the subdevice was not served, and the device cannot be told to wait',
    'Bind the subdevice at the hub (holdfast hub describe shows its state). With ack in [link.lines] a device can be told to send a line again.',
    'yes',
  ),
  'command refused': commands('the subdevice refused it', SEND_AGAIN),
  'command invalid': commands('the gateway refused it, and sent nothing to the subdevice', SEND_AGAIN),
  'command unanswered': commands(
    'the subdevice gave no answer, and may have carried out a part of it',
    'Look at what the subdevice does now, and send the command again if it is still wanted.',
    'at risk',
  ),
  'subdevice not configured': {
    ...{ code: 'downlinks-unconfigured', noun: 'downlink', losing: 'unknown' },
    why: 'the hub sent it for a subdevice that is not in this configuration',
    hint: 'Either the subdevice was removed from the configuration: stop its sender. Or another gateway uses the same client id, and each of them gets downlinks of the other: give each gateway a client id of its own.',
  },
  'overflow drop-oldest': shed('the queue was full, and the oldest gave way', RAISE_OUTBOX),
  'overflow drop-newest': shed('the queue was full', RAISE_OUTBOX),
  'replaced by a later value': shed('the queue was full, and a later value of its topic replaced it', RAISE_OUTBOX),
  expired: shed('older than age_hours_max', 'Bring the hub back, or raise age_hours_max of [outbox].'),
  'QoS 0 while the hub is away': shed(
    'QoS 0, and the hub was away',
    'Let the subdevices publish with QoS 1: QoS 0 is not kept.',
  ),
  'QoS 0 while the subdevice is away': shedDownlinks(
    'QoS 0, and the subdevice was away',
    'Send downlinks with QoS 1: QoS 0 is not kept.',
  ),
  'QoS 0 held back: the hub closes on its topic': shed(
    'QoS 0 on a topic on which the hub closes the connection',
    'Correct the topic, or its permissions at the hub; holdfast hub subscriptions and dead-letters show what is held back.',
  ),
  'QoS 0 too fast': shed('QoS 0, faster than it could be passed on', 'Send with QoS 1, or less often.'),
  'no subscriber': {
    ...{ code: 'downlinks-unsubscribed', noun: 'downlink', losing: 'yes' },
    why: 'the subdevice has not subscribed to the topic',
    hint: 'Let the subdevice subscribe to it (downlinks of [link.lines], writable points of a Modbus unit), or correct the topic at the sender; holdfast subdevices shows the subscriptions.',
  },
  'session ended': shedDownlinks(
    'its subdevice ended its session',
    'Let the subdevice connect with CleanSession = 0 to keep its downlinks.',
    'at risk',
  ),
  'too large for the link': tooLarge('the link', SPLIT),
  'too large for the gateway': tooLarge('the gateway', SPLIT),
  'too large for the hub': tooLarge(
    'the hub',
    'Let the subdevice send smaller messages; or raise payload_bytes_max or topic_bytes_max of [hub], if the hub takes more.',
  ),
  'invalid message': shedDownlinks(
    'MQTT 3.1.1 forbids it, and the hub sends it in every connection',
    'Correct the topic at the sender of the message, or report the fault to the operator of the hub.',
  ),
  // the condition message-set-aside says more
  'set aside after a fault': shed('the program failed on it', 'See the condition message-set-aside.', 'not shown'),
  'dropped by hand': shed('dropped by order', 'Nothing is to be done.', 'not shown'),
  // noted as commands, or not at all
  'refused by the subdevice': shed('the subdevice refused it', SEND_AGAIN, 'not shown'),
  'refused by the gateway': shed('the gateway refused it', SEND_AGAIN, 'not shown'),
  'given up without an answer': shed('the subdevice gave no answer', SEND_AGAIN, 'not shown'),
  'forgotten by hand': shed('its subdevice was forgotten by order', 'Nothing is to be done.', 'not shown'),
  empty: shed('it was empty', 'Nothing is to be done.', 'not shown'),
};

/** What differs for downlinks. */
const DOWNLINK_WORDS: Readonly<Partial<Record<IntakeReason, IntakeWords>>> = {
  'overflow drop-oldest': shedDownlinks('the inbox of the subdevice was full, and the oldest gave way', RAISE_INBOX),
  'overflow drop-newest': shedDownlinks('the inbox of the subdevice was full', RAISE_INBOX),
  expired: shedDownlinks('older than age_hours_max', 'Bring the subdevice back, or raise age_hours_max of [inbox].'),
  'QoS 0 too fast': shedDownlinks(
    'QoS 0, faster than the subdevice could take it',
    'Send downlinks with QoS 1, or less often.',
  ),
};

/** @param direction of the message; `null`: it was none, or nobody could tell */
export function intakeWordsOf({
  reason,
  direction,
}: {
  readonly reason: IntakeReason;
  readonly direction: Direction | null;
}): IntakeWords {
  return (direction === 'downlink' ? DOWNLINK_WORDS[reason] : undefined) ?? INTAKE_WORDS[reason];
}

/** All of them. */
export function everyIntakeWords(): readonly IntakeWords[] {
  return [...Object.values(INTAKE_WORDS), ...Object.values(DOWNLINK_WORDS)];
}
