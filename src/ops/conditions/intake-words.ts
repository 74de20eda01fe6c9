/** Words for each reason why a message ends outside custody: its meaning, its effect and its remedy. */
import type { Direction } from '../../base/message.ts';
import type { IntakeReason } from '../../flow/intake.ts';
import type { Losing } from '../reports/report.ts';
import type { ConditionCode } from './catalogue.ts';

export interface IntakeWords {
  readonly code: ConditionCode;
  /** Noun for one item: `line`, `frame`. */
  readonly noun: string;
  /** `does not match the pattern` */
  readonly why: string;
  readonly hint: string;
  /**
   * Effect on data while the discards last. `most`: `yes` if most of the traffic is discarded, since senders repeat
   * single broken frames. `not shown`: no condition.
   */
  readonly losing: Losing | 'most' | 'not shown';
}

const CHECK_WIRE =
  'Compare speed, parity and framing of both ends; then check the ground wire, on RS-485 also the termination.';

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

/** Words for a command that is not carried out; no uplink is lost by that. */
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

const RAISE_OUTBOX =
  'Restore the connection to the hub, raise messages_max and bytes_max of [outbox], or change overflow.';
const RAISE_INBOX =
  'Bring the subdevice back, raise messages_max of [inbox], or send less while the subdevice is away.';
const SEND_AGAIN = 'Correct the command at its sender and send it again.';
const SPLIT = 'Let the sender split the message, or send less.';
const TAKE_LESS = 'Let the subdevice send smaller payloads and shorter topics, within the limits in [hub].';

const INTAKE_WORDS: Readonly<Record<IntakeReason, IntakeWords>> = {
  'frame checksum': frames('a wrong checksum', CHECK_WIRE),
  'frame coding': frames('no valid framing', CHECK_WIRE),
  'frame too long': frames(
    'more bytes than packet_bytes_max, or no end',
    'Raise packet_bytes_max of the link if the device sends such packets. Otherwise the bytes are not frames: compare speed and framing.',
  ),
  noise: frames('bytes that are not a packet', CHECK_WIRE),
  'malformed packet': frames(
    'a valid checksum, but no MQTT-SN packet',
    'The device speaks a protocol other than MQTT-SN 1.2, or its firmware has a fault. holdfast trace shows the packets.',
  ),
  'client refused': {
    code: 'link-foreign-device',
    noun: 'CONNECT',
    why: 'a client id that is not served there',
    losing: 'at risk',
    hint: 'Add the subdevice to the configuration of this link, or connect it to the link that it is configured for.',
  },
  'client id invalid': {
    code: 'uplinks-refused',
    noun: 'CONNECT',
    why: 'a client id that the gateway does not accept',
    losing: 'at risk',
    hint: 'Give the device a client id of 1 to 64 letters, digits, - and _, and list it in the configuration.',
  },
  'client not connected': uplinks(
    'a PUBLISH without a connection',
    'The device must connect first. For QoS -1, list one subdevice for the link, or set node_id of the [[subdevice]].',
    'yes',
  ),
  'unknown topic id': uplinks(
    'an unknown topic id',
    'Add the id to predefined_topics of the link, or let the device register its topic. A short topic name has no wildcards and no control characters.',
    'yes',
  ),
  'invalid topic': {
    code: 'uplinks-refused',
    noun: 'request',
    why: 'a topic that is not possible in MQTT',
    losing: 'at risk',
    hint: 'Correct the topic in the firmware of the device: valid UTF-8 without control characters, and wildcards in SUBSCRIBE only. Messages on such a topic do not reach the hub.',
  },
  'QoS 2': uplinks('QoS 2, which the hub does not support', 'Let the device publish with QoS 1.'),
  'line check': lines(
    'the checksum at the end is missing or wrong',
    'Compare check and check_separator with what the device sends. If only some lines are wrong, check the wire, or the position of the optical head.',
  ),
  'line noise': lines(
    'bytes that are not text',
    'Compare speed and parity of both ends first; then check the ground wire, on RS-485 also the termination. A device that sends binary data needs another driver.',
  ),
  'line encoding': lines(
    'it is not valid UTF-8',
    'Set encoding = "latin1" in [link.lines] if the device sends Latin-1. If the bytes are unreadable, compare the speed.',
  ),
  'line pattern': lines(
    'it does not match pattern',
    'Compare pattern in [link.lines] with the sample, character by character; holdfast trace shows the lines.',
  ),
  'line not JSON': lines(
    'it is not a JSON object',
    'Let the device send one JSON object per line, or set format = "text" in [link.lines].',
  ),
  'line field': lines(
    'a field of topic or ack is missing or invalid',
    'Let the device send the field, or change topic or ack in [link.lines].',
  ),
  'line sequence': lines('the field of sequence is missing', 'Let the device send the field, or remove sequence.'),
  'line subdevice': lines(
    'it names a subdevice that the link does not serve',
    'Add the subdevice to subdevices of the link, or correct its name in the device.',
  ),
  'line too long': lines(
    'it is longer than line_bytes_max',
    'Raise line_bytes_max. If the sample contains several lines, correct delimiter.',
  ),
  'line not begun': lines(
    'it arrived outside of a telegram, or bytes arrived before the mark of a line',
    'Compare start, or telegram_begin and telegram_end, in [link.lines] with the sample; holdfast trace shows the lines.',
  ),
  'line unexpected': lines(
    'it is no answer to a request of the gateway',
    'Compare `answer` of [[link.lines.ask]] with the sample. If answers come late, raise retry_ms of the link; if devices send on their own, give them a link without requests.',
  ),
  'line cut': lines(
    'the next one began before its end',
    'If none arrives complete, compare delimiter, or telegram_end, in [link.lines] with the device. If some do, the line loses bytes: check the wire.',
  ),
  'line not ended': {
    code: 'lines-not-ended',
    noun: 'byte',
    why: 'no delimiter arrived',
    losing: 'yes',
    hint: 'Set delimiter in [link.lines] to what ends a line of this device. If the bytes are unreadable, compare the speed.',
  },
  'unit silent': units(
    'the unit does not answer',
    'Check its power, its wires or optical head, its address and the speed of the line; with Modbus TCP, the server and the address (unit id).',
  ),
  'unit exception': units(
    'the unit refuses some points, which have no value',
    'Compare table, address and type of the points with the manual of the unit. Some manuals count from 1 or from 40001.',
  ),
  'unit checksum': units(
    'its answers arrive damaged',
    `${CHECK_WIRE} Two units with one address damage each other's answers, too.`,
  ),
  'unit mismatch': units(
    'the answers that arrive do not fit its requests',
    'Look for answers that take longer than retry_ms, a second master, two units with one address, an adapter that echoes, or a fault in the firmware of the unit; holdfast trace shows the frames.',
  ),
  'unit value': units(
    'the unit answers with a value that is not a number',
    'Compare type and word_order of the points with the manual. Some units send such a value if a sensor is missing.',
  ),
  'topic not allowed': uplinks(
    'a topic that does not belong to the subdevice',
    'Correct the topic in the device, or topic_template of [hub].',
  ),
  'payload too large': uplinks('a payload larger than the hub takes', TAKE_LESS),
  'topic too long': uplinks('a topic longer than the hub takes', TAKE_LESS),
  'too many slashes': uplinks('a topic with more levels than the hub takes', TAKE_LESS),
  'no room': uplinks(
    'the outbox or the disk was full, and the device cannot be asked to wait',
    'If the disk was full, keep at least 2 MB free on it. If the outbox was full, restore the connection to the hub, or raise messages_max and bytes_max of [outbox]. With ack in [link.lines], a device can be asked to send a line again.',
    'yes',
  ),
  'not served': uplinks(
    'the subdevice was not served, and the device cannot be asked to wait',
    'Bind the subdevice at the hub (holdfast hub describe shows its state). With ack in [link.lines], a device can be asked to send a line again.',
    'yes',
  ),
  'command refused': commands('the subdevice refused it', SEND_AGAIN),
  'command invalid': commands('the gateway refused it and sent nothing to the subdevice', SEND_AGAIN),
  'command unanswered': commands(
    'the subdevice did not answer, and may have carried out a part of it',
    'Check the state of the subdevice, and send the command again if it is still wanted.',
    'at risk',
  ),
  'subdevice not configured': {
    code: 'downlinks-unconfigured',
    noun: 'downlink',
    losing: 'unknown',
    why: 'the hub sent it for a subdevice that is not in this configuration',
    hint: 'If the subdevice was removed from the configuration, stop its sender. Otherwise another gateway uses the same client id, and each gateway gets downlinks of the other: give each gateway its own client id.',
  },
  'overflow drop-oldest': shed('the queue was full, so the oldest was dropped', RAISE_OUTBOX),
  'overflow drop-newest': shed('the queue was full', RAISE_OUTBOX),
  'replaced by a later value': shed('the queue was full, so a later value of the topic replaced it', RAISE_OUTBOX),
  expired: shed('older than age_hours_max', 'Restore the connection to the hub, or raise age_hours_max of [outbox].'),
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
  'QoS 0 too fast': shed('QoS 0, faster than the gateway can pass on', 'Send with QoS 1, or less often.'),
  'no subscriber': {
    code: 'downlinks-unsubscribed',
    noun: 'downlink',
    losing: 'yes',
    why: 'the subdevice has not subscribed to the topic',
    hint: 'Let the subdevice subscribe to the topic (downlinks of [link.lines], writable points of a Modbus unit), or correct the topic at the sender. holdfast subdevices --json shows the subscriptions.',
  },
  'names no subdevice': {
    code: 'downlinks-unconfigured',
    noun: 'downlink',
    losing: 'unknown',
    why: 'its payload names a subdevice that is not in this configuration',
    hint: 'Compare the name with hub_name, or with the id, of each [[subdevice]]. If the subdevice was removed from the configuration, stop its sender.',
  },
  'invalid document': shedDownlinks(
    'its payload is not a JSON object with the name of a subdevice, or is nested too deeply',
    'Correct the payload at the sender: {"device": "NAME", "data": {…}}.',
  ),
  'session ended': shedDownlinks(
    'its subdevice ended its session',
    'Let the subdevice connect with CleanSession = 0 to keep its downlinks.',
    'at risk',
  ),
  'too large for the link': tooLarge('the link', SPLIT),
  'too large for the gateway': tooLarge('the gateway', SPLIT),
  'too large for the hub': tooLarge(
    'the hub',
    'Let the subdevice send smaller messages. If the hub takes larger ones, raise payload_bytes_max or topic_bytes_max of [hub].',
  ),
  'invalid message': shedDownlinks(
    'MQTT 3.1.1 forbids it, and the hub sends it again in every connection',
    'Correct the topic at the sender of the message, or report the fault to the operator of the hub.',
  ),
  // The condition message-set-aside reports these.
  'set aside after a fault': shed('the program failed on it', 'See the condition message-set-aside.', 'not shown'),
  'QoS 0 while on hold': shed('on hold by an operator, and sent with QoS 0', 'No action is needed.', 'not shown'),
  'dropped by hand': shed('dropped by an operator', 'No action is needed.', 'not shown'),
  // Reported as commands, or not at all.
  'refused by the subdevice': shed('the subdevice refused it', SEND_AGAIN, 'not shown'),
  'refused by the gateway': shed('the gateway refused it', SEND_AGAIN, 'not shown'),
  'given up without an answer': shed('the subdevice did not answer', SEND_AGAIN, 'not shown'),
  'forgotten by hand': shed('an operator removed its subdevice', 'No action is needed.', 'not shown'),
  empty: shed('it was empty', 'No action is needed.', 'not shown'),
};

/** Words that differ for downlinks. */
const DOWNLINK_WORDS: Readonly<Partial<Record<IntakeReason, IntakeWords>>> = {
  'overflow drop-oldest': shedDownlinks('the inbox of the subdevice was full, so the oldest was dropped', RAISE_INBOX),
  'overflow drop-newest': shedDownlinks('the inbox of the subdevice was full', RAISE_INBOX),
  expired: shedDownlinks('older than age_hours_max', 'Bring the subdevice back, or raise age_hours_max of [inbox].'),
  'QoS 0 too fast': shedDownlinks(
    'QoS 0, faster than the subdevice could take it',
    'Send downlinks with QoS 1, or less often.',
  ),
};

/** @param direction direction of the message; `null`: not a message, or unknown */
export function intakeWordsOf({
  reason,
  direction,
}: {
  readonly reason: IntakeReason;
  readonly direction: Direction | null;
}): IntakeWords {
  return (direction === 'downlink' ? DOWNLINK_WORDS[reason] : undefined) ?? INTAKE_WORDS[reason];
}

/** Returns the words for every reason and direction. */
export function everyIntakeWords(): readonly IntakeWords[] {
  return [...Object.values(INTAKE_WORDS), ...Object.values(DOWNLINK_WORDS)];
}
