/**
 * Catalogue of all conditions: meaning, effect on data, remedy, and relevant configuration keys. `docs/conditions.md`
 * and `holdfast conditions explain` are made from this table. The sentence of a condition in `status` adds the details
 * of the case.
 */

import { ACCESS_CONDITIONS } from './access-catalogue.ts';
import type { ConditionEntry } from './condition-entry.ts';
import { FIRMWARE_CONDITIONS } from './firmware-catalogue.ts';
import { STORE_CONDITIONS } from './store-catalogue.ts';
import { TRIAL_CONDITIONS } from './trial-catalogue.ts';

const KEPT =
  'None while the store has room: uplinks are kept on disk and are sent when the hub is back. Then the overflow policy decides.';
const LINK_LOSS =
  'Messages that devices of this link send meanwhile are lost, unless the devices keep and repeat them.';

export const CONDITIONS = {
  'hub-away': {
    meaning: 'The gateway has no connection to the hub. The sentence names the last error as far as it is known.',
    effect: `${KEPT} The hub keeps downlinks for the session only up to its own limits.`,
    remedy:
      'Follow the hint of the condition: it depends on the error (name, address, proxy, TLS, WebSocket, credentials, timeout).',
    keys: ['hub.host', 'hub.port', 'hub.tls', 'hub.transport', 'hub.proxy'],
  },
  'hub-refuses': {
    meaning: 'The hub answers CONNECT with a return code other than 0 (MQTT 3.1.1 §3.2.2.3).',
    effect: KEPT,
    remedy: 'Correct client id, user name, password or secret. With signed passwords check the clock too.',
    keys: ['hub.client_id', 'hub.username', 'hub.password_file', 'hub.password_command', 'hub.device_secret_file'],
  },
  'hub-breaks-protocol': {
    meaning:
      'The hub sent bytes that MQTT 3.1.1 forbids. The gateway closed the connection, as the standard requires, and has connected again.',
    effect: 'None for uplinks. A downlink in those bytes comes again only if the hub sends it again.',
    remedy: 'Check that host and port lead to an MQTT 3.1.1 broker, and report the fault to its operator.',
    keys: ['hub.host', 'hub.port'],
  },
  'hub-session-over': {
    meaning: 'The gateway was away longer than the hub keeps a session.',
    effect: 'Downlinks that are sent to subdevices now are not kept for them. Uplinks are kept on disk.',
    remedy: 'Restore the connection to the hub. Subscriptions are restored at the next connection.',
    keys: [],
  },
  'downlink-gap': {
    meaning:
      'The hub forgot the session, or ended it, or kept less than was sent: downlinks of that time may be missing.',
    effect: 'Downlinks of the named time may be lost. The gateway cannot know which.',
    remedy: 'Send the commands of that time again, then run holdfast acknowledge-gap.',
    keys: ['hub.resync_topic'],
  },
  'hub-taken-over': {
    meaning:
      'The hub accepted several connections in a row and closed each soon after. Either another client connects with the same client id, or the hub or a firewall closes accepted connections.',
    effect: 'Uplinks are kept on disk and get through slowly. Downlinks may reach the other client instead.',
    remedy: 'Look in the log of the hub for a second client with this client id. Give each gateway its own identity.',
    keys: ['hub.client_id', 'hub.device_name', 'gateway.name'],
  },
  'hub-subscriptions-full': {
    meaning: 'More topic filters are wanted than the hub allows for one connection.',
    effect: 'Downlinks on the rejected filters do not arrive.',
    remedy: 'Let subdevices subscribe to fewer filters, or use wildcards.',
    keys: ['hub.subscriptions_max'],
  },
  'tls-files': {
    meaning: 'TLS files cannot be used. The last valid ones remain in use until the next connection.',
    effect: 'None now. The next connection may fail.',
    remedy: 'Correct the files; holdfast config check examines them.',
    keys: ['hub.tls_ca_file', 'hub.tls_certificate_file', 'hub.tls_key_file'],
  },
  'hub-secret-file': {
    meaning: 'The file with the password or secret cannot be read. The last value read remains in use.',
    effect: 'None now. After a restart the gateway cannot connect.',
    remedy: 'Correct the file, its owner or its mode.',
    keys: ['hub.password_file', 'hub.device_secret_file'],
  },
  'hub-password-renewal': {
    meaning:
      'It is time for a new password (password_renew_s), and none could be obtained: the program failed, or the password is still the same.',
    effect: 'None now: the connection goes on. The hub may end it when the present password ends.',
    remedy: 'Correct the program of password_command, or the program that writes the password file.',
    keys: ['hub.password_command', 'hub.password_file', 'hub.password_renew_s'],
  },
  'hub-subscriptions-refused': {
    meaning:
      'The hub answered SUBSCRIBE with 0x80 (MQTT 3.1.1 §3.9.3), or again with a SUBACK that MQTT 3.1.1 forbids. holdfast hub subscriptions shows which. The gateway repeats the request, first after 5 s and later once an hour.',
    effect: 'Downlinks on these filters do not arrive. All other traffic continues.',
    remedy:
      'Add the topics to the permissions of the gateway at the hub. An invalid SUBACK is a fault of the hub: repair the hub.',
    keys: ['hub.topic_template'],
  },
  'hub-subscriptions-unanswered': {
    meaning: 'The hub does not answer SUBSCRIBE or UNSUBSCRIBE for these filters. The gateway repeats the request.',
    effect: 'Downlinks on these filters may not arrive. All other traffic continues.',
    remedy: 'Check the permissions of these filters at the hub.',
    keys: ['hub.topic_template'],
  },
  'hub-subscriptions-lowered': {
    meaning: 'The hub granted QoS 0 for filters that were requested with QoS 1.',
    effect: 'Downlinks on these filters that are sent while the connection is down are lost.',
    remedy: 'Allow QoS 1 for these filters at the hub.',
    keys: [],
  },
  'hub-closes-on-packet': {
    meaning:
      'The hub closed the connection each time a certain packet of this gateway was sent alone. The packet is set aside.',
    effect: 'This packet is not sent, and later messages of its topic may wait. All other traffic continues.',
    remedy:
      'Check permissions and limits at the hub. Then run holdfast hub subscriptions release NAME. A restart also tries the packet again.',
    keys: ['hub.attempts_max', 'hub.topic_bytes_max', 'hub.payload_bytes_max'],
  },
  'hub-closes-suspect': {
    meaning:
      'The hub closed the connection right after a packet of this gateway. Whether it is the cause is not clear.',
    effect: 'None: the packet is sent alone and after all others.',
    remedy: 'Wait for the result. holdfast hub subscriptions shows the evidence.',
    keys: [],
  },
  'hub-pubacks-missing': {
    meaning: 'The hub does not acknowledge messages on some topics, or acknowledges nothing.',
    effect: 'Messages without a PUBACK wait. After attempts_max attempts they become dead letters.',
    remedy:
      'If the hub acknowledges nothing, look at the hub first. Otherwise check the permissions of the named topics.',
    keys: ['hub.attempts_max', 'hub.puback_ms_max'],
  },
  'subdevice-unbound': {
    meaning: 'A configured subdevice is not bound to this gateway at the hub.',
    effect: 'The subdevice is not served. Uplinks that were accepted before are kept.',
    remedy: 'Run holdfast hub bind ID, or bind it at the console of the hub.',
    keys: ['hub.bind', 'subdevice.device_secret_file'],
  },
  'subdevice-not-configured': {
    meaning: 'The hub has a subdevice bound to this gateway that has no [[subdevice]].',
    effect: 'None for the configured subdevices. The other one is not served.',
    remedy: 'Add the [[subdevice]], or run holdfast hub unbind PRODUCT/DEVICE.',
    keys: ['subdevice.product_id', 'subdevice.device_name'],
  },
  'subdevice-removed': {
    meaning: 'A subdevice is not in the configuration any more, and its session still collects downlinks.',
    effect: 'None for the configured subdevices. The downlinks of this one are kept up to the bounds of the inbox.',
    remedy: 'Add the [[subdevice]] again, or run holdfast subdevices forget ID: this discards the downlinks.',
    keys: ['subdevice.id', 'inbox.messages_max'],
  },
  'subdevice-unconfirmed': {
    meaning: 'The hub does not confirm that a subdevice is online, although the gateway announced it several times.',
    effect: 'The hub may discard uplinks of this subdevice.',
    remedy: 'Check the hub. holdfast trace hub shows the announcements.',
    keys: [],
  },
  'link-down': {
    meaning: 'The serial port of a link is not open. The sentence names the reason.',
    effect: LINK_LOSS,
    remedy:
      'Plug the adapter in, stop the program that holds the port, check the device server, or correct path: see the hint of the condition.',
    keys: ['link.path'],
  },
  'link-port-ambiguous': {
    meaning: 'The path of a link fits several ports, so the gateway opens none.',
    effect: LINK_LOSS,
    remedy: 'Run holdfast ports and write the unique name of the port into the configuration.',
    keys: ['link.path'],
  },
  'link-port-shared': {
    meaning: 'Two links lead to one port.',
    effect: LINK_LOSS,
    remedy: 'Run holdfast ports and correct the path of one of the links.',
    keys: ['link.path'],
  },
  'link-foreign-device': {
    meaning: 'A client with an id that this link does not serve sends CONNECT. It is refused.',
    effect: 'Messages of that client are not accepted. On a link with one subdevice nothing is delivered to it either.',
    remedy: 'Swap the ports back, put the right device in place, or add the subdevice to the link.',
    keys: ['link.subdevices', 'subdevice.link'],
  },
  'link-out-of-order': {
    meaning: 'A link is open and carries nothing, or mostly noise. All recovery steps failed.',
    effect: LINK_LOSS,
    remedy: 'Check power and cable of the device, then speed and parity, on RS-485 ground and termination.',
    keys: ['link.baud_rate', 'link.parity', 'link.recovery'],
  },
  'link-other-protocol': {
    meaning:
      'The bytes on a link look like another protocol than the configured one, or a device server speaks telnet.',
    effect: LINK_LOSS,
    remedy:
      'Check whether two ports are swapped, then driver and framing of the link. For telnet, write rfc2217:// in path.',
    keys: ['link.driver', 'link.framing', 'link.path'],
  },
  'frames-broken': {
    meaning: 'Frames arrive damaged: a wrong checksum, invalid framing, or bytes that are not a packet.',
    effect: 'The messages in these frames are lost, unless the device repeats them.',
    remedy: 'Compare speed and parity of both ends, then check ground and termination.',
    keys: ['link.baud_rate', 'link.parity', 'link.framing', 'link.packet_bytes_max'],
  },
  'lines-discarded': {
    meaning: 'Complete lines arrive that do not match the configuration.',
    effect: 'The discarded lines are lost, unless the device repeats them.',
    remedy: 'Compare the sample with pattern, encoding, check, format and delimiter of [link.lines].',
    keys: ['link.lines.pattern', 'link.lines.encoding', 'link.lines.check', 'link.lines.format'],
  },
  'lines-not-ended': {
    meaning: 'Bytes arrive, but the configured delimiter does not.',
    effect: 'No line is complete, so nothing is accepted.',
    remedy: 'Correct delimiter. If the bytes are unreadable, compare the speed.',
    keys: ['link.lines.delimiter', 'link.baud_rate'],
  },
  'subdevice-silent': {
    meaning: 'A configured subdevice sends nothing, or a Modbus unit does not answer.',
    effect: 'No value of it is read or received. Downlinks to it wait in its inbox.',
    remedy:
      'Check power, wires and address of the device; with Modbus TCP, the server and the address (unit id). Ignore it for a spare or a device that sleeps for long.',
    keys: ['link.unit.address', 'link.baud_rate'],
  },
  'subdevice-moves': {
    meaning: 'Frames of a subdevice arrive on two links: two devices have the same id, or one device is on two lines.',
    effect: 'Downlinks reach only the device that connected last, and each device loses its session to the other.',
    remedy: 'Give each device its own id.',
    keys: ['subdevice.id', 'link.subdevices'],
  },
  'unit-trouble': {
    meaning: 'A Modbus unit answers with exceptions, with damaged answers, or with values that are not numbers.',
    effect: 'The points concerned have no value; the others are read.',
    remedy: 'Compare table, address, type and word order of the points with the manual of the unit.',
    keys: ['link.unit.point.table', 'link.unit.point.address', 'link.unit.point.type', 'link.unit.point.word_order'],
  },
  'commands-refused': {
    meaning: 'A command was refused: by the gateway because it is invalid, or by the subdevice.',
    effect: 'The command was not carried out. Other messages are not affected.',
    remedy: 'Correct the command at its sender and send it again. The reason is in the sentence.',
    keys: [],
  },
  'downlinks-unsubscribed': {
    meaning:
      'Downlinks arrive on topics to which no subdevice has subscribed, or for a subdevice that is not configured.',
    effect: 'These downlinks are not delivered.',
    remedy:
      'Let the subdevice subscribe, correct the topic at the sender, or find the gateway with the same client id.',
    keys: ['link.lines.downlinks', 'link.unit.set_topic', 'hub.client_id'],
  },
  'downlinks-unconfigured': {
    meaning: 'The hub sends downlinks for a subdevice that is not in this configuration, by topic or by name.',
    effect: 'These downlinks are not delivered.',
    remedy:
      'If the subdevice was removed, stop its commands at the sender. Otherwise look for another gateway with the same client id.',
    keys: ['hub.client_id', 'subdevice.id', 'subdevice.hub_name'],
  },
  'envelope-left-out': {
    meaning:
      'Uplinks were sent without their envelope in the last 10 minutes, because with it they are too large for the hub.',
    effect: 'The payload arrived. The receiver does not know when it was measured.',
    remedy:
      'Wait: only messages that were accepted before the envelope was switched on can be too large. Raise payload_bytes_max if the hub accepts larger payloads.',
    keys: ['outbox.envelope', 'link.envelope', 'hub.payload_bytes_max'],
  },
  'topic-fallbacks': {
    meaning:
      'Uplinks of the last 10 minutes have a fallback in their topic, because a field of the template had no usable value in the message.',
    effect:
      'The messages arrive, on the topic with the fallback. Receivers of the topic with the value do not get them.',
    remedy: 'Correct the payload or the name of the field, or subscribe to the topics with the fallback.',
    keys: ['hub.uplink_topic', 'link.uplink_topic', 'subdevice.uplink_topic'],
  },
  'outbox-filling': {
    meaning: 'The outbox has reached 80 % of one of its bounds.',
    effect: 'None yet.',
    remedy: 'Restore the connection to the hub, or raise the bounds.',
    keys: ['outbox.messages_max', 'outbox.bytes_max', 'outbox.overflow'],
  },
  'outbox-full': {
    meaning: 'The outbox has reached one of its bounds.',
    effect: 'With overflow = "reject", subdevices are asked to send again later; otherwise messages are shed.',
    remedy: 'Restore the connection to the hub, or raise the bounds.',
    keys: ['outbox.messages_max', 'outbox.bytes_max', 'outbox.overflow'],
  },
  shedding: {
    meaning: 'Uplinks are shed by a rule: the outbox is full, a message is too old, or QoS 0 cannot be passed on.',
    effect: 'The shed uplinks are lost. The ledger counts them by reason.',
    remedy: 'Follow the hint of the condition: it depends on the reason.',
    keys: ['outbox.messages_max', 'outbox.bytes_max', 'outbox.age_hours_max', 'outbox.overflow'],
  },
  'inbox-shedding': {
    meaning: 'Downlinks are shed by a rule: the inbox of a subdevice is full, a message is too old, or invalid.',
    effect: 'The shed downlinks are lost. The ledger counts them by reason.',
    remedy: 'Bring the subdevice back, raise the bounds, or send less while the subdevice is away.',
    keys: ['inbox.messages_max', 'inbox.age_hours_max', 'inbox.overflow'],
  },
  'too-large': {
    meaning: 'A message is larger than the link, the gateway or the hub takes.',
    effect: 'The message is not delivered.',
    remedy: 'Send smaller messages, or raise the bound that the condition names.',
    keys: ['hub.payload_bytes_max', 'link.packet_bytes_max', 'link.lines.line_bytes_max'],
  },
  'message-set-aside': {
    meaning: 'The program failed on a message. The message is set aside so that it cannot stop the gateway.',
    effect: 'The named message is not delivered.',
    remedy: 'This is a defect of holdfast: report it with the newest recording of the state directory.',
    keys: [],
  },
  'dead-letters': {
    meaning: 'Messages were abandoned because the hub did not acknowledge them, or closed the connection on them.',
    effect: 'They are kept for inspection and are not sent.',
    remedy: 'Check permissions at the hub; then run holdfast dead-letters list, and retry or drop them.',
    keys: ['hub.attempts_max'],
  },
  'uplinks-refused': {
    meaning: 'Uplinks of a subdevice are refused, for example because of their topic, size or QoS.',
    effect: 'The refused uplinks are not accepted. The subdevice is informed if its protocol allows it.',
    remedy: 'Correct the device or the limits that the condition names.',
    keys: ['hub.topic_template', 'hub.payload_bytes_max', 'hub.topic_bytes_max'],
  },
  'ledger-unbalanced': {
    meaning: 'Accepted messages do not equal delivered, pending, shed, dead and damaged ones.',
    effect: 'Messages may be lost without a reason in the ledger.',
    remedy: 'This is a defect of holdfast: report it with the output of holdfast ledger --json.',
    keys: [],
  },
  'backlog-paused': {
    meaning: 'An operator has paused the sending of the backlog (holdfast backlog pause).',
    effect:
      'None: the backlog is kept on disk. Alarms and live messages are sent; new messages of a subdevice with a backlog wait behind it.',
    remedy: 'Run holdfast backlog resume, or wait for the end of the pause.',
    keys: ['outbox.messages_max', 'outbox.bytes_max'],
  },
  'backlog-slowed': {
    meaning: 'An operator has set a lower rate for the backlog (holdfast backlog rate).',
    effect: 'None: the backlog is kept on disk and is sent at this rate. Alarms and live messages are not slowed.',
    remedy: 'Run holdfast backlog rate default, or wait for the end of the lower rate.',
    keys: ['hub.messages_per_s'],
  },
  'on-hold': {
    meaning: 'An operator keeps messages from the hub or from subdevices (holdfast outbox hold, inbox hold).',
    effect:
      'Messages that match wait on disk, in their order, and are neither sent nor shed; messages with QoS 0 on these topics are shed. A full outbox makes subdevices wait.',
    remedy: 'Run holdfast outbox release or holdfast inbox release when the messages may continue.',
    keys: ['outbox.messages_max', 'outbox.bytes_max'],
  },
  'restarted-after-hang': {
    meaning:
      'A part of the gateway did not move on: the event loop, the store thread, or the opening of a serial port. The watchdog ended the process, and systemd restarted it. The condition is shown for 24 h after the last hang.',
    effect:
      'None on messages in custody. During the hang and the restart subdevices got no acknowledgement. What devices without acknowledgements sent then may be lost: with such a link the answer is Unknown for 24 h, or until holdfast acknowledge-loss. Messages with QoS 0 or -1 may be lost too.',
    remedy:
      'Store thread: check the card. Serial port: replug or replace the adapter. Event loop: report the defect with the archive of holdfast bundle.',
    keys: ['recorder.triggers'],
  },
  'clock-untrusted': {
    meaning: 'No time service has confirmed the clock of this machine.',
    effect:
      'Ages over a restart are lower bounds, so messages expire late. The hub may refuse a signature with a wrong time.',
    remedy: 'Check the time service: timedatectl timesync-status.',
    keys: [],
  },
  'clock-overruled': {
    meaning: 'The clock of this machine differs from the time of the hub.',
    effect: 'None: ages and signatures follow the hub.',
    remedy: 'Check the time service: timedatectl timesync-status. The gateway does not set the clock.',
    keys: [],
  },
  ...ACCESS_CONDITIONS,
  ...TRIAL_CONDITIONS,
  ...FIRMWARE_CONDITIONS,
  ...STORE_CONDITIONS,
} as const satisfies Readonly<Record<string, ConditionEntry>>;

export type ConditionCode = keyof typeof CONDITIONS;
