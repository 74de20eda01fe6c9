/**
 * Closed list of the reasons that `holdfast explain` gives: code, meaning and remedy. docs/explain.md is made from this
 * table. A sentence with the present numbers is made where a reason is found.
 */

export interface ReasonEntry {
  /** Subject of the reason. */
  readonly of: 'message' | 'uplink' | 'downlink' | 'subdevice' | 'link' | 'hub';
  readonly meaning: string;
  /** `null`: no action is needed. */
  readonly remedy: string | null;
}

const WAIT = null;

export const REASONS = {
  // messages of both directions
  'goes-next': { of: 'message', meaning: 'Nothing is in the way: the message goes at the next turn.', remedy: WAIT },
  'behind-others': {
    of: 'message',
    meaning: 'Earlier messages of the same subdevice go first. The order of a subdevice and topic is kept.',
    remedy: WAIT,
  },
  'on-hold': {
    of: 'message',
    meaning: 'An operator keeps messages of this subdevice or topic on hold.',
    remedy: 'holdfast outbox or holdfast inbox shows the holds, and the command that releases each.',
  },
  'not-in-custody': {
    of: 'message',
    meaning: 'No such message waits: it was delivered, shed or dead-lettered, or it never existed.',
    remedy: 'holdfast ledger counts the outcomes; holdfast dead-letters list shows the dead letters.',
  },
  'damaged-on-disk': {
    of: 'message',
    meaning: 'Rows of the subdevice are on disk, and this one cannot be read. The ledger will count it as damaged.',
    remedy: 'holdfast doctor examines the storage.',
  },
  // uplinks
  'hub-away': {
    of: 'uplink',
    meaning: 'The gateway is not connected to the hub. The message waits, on disk after at most hold_ms.',
    remedy: 'holdfast explain hub says why. Nothing is lost meanwhile, as far as the bounds of the outbox allow.',
  },
  'puback-due': {
    of: 'uplink',
    meaning: 'The message was sent to the hub, and its PUBACK has not arrived yet.',
    remedy: WAIT,
  },
  'subdevice-unbound': {
    of: 'uplink',
    meaning: 'The hub has unbound the subdevice: it would drop its messages without an answer, so none is sent.',
    remedy: 'Bind it: holdfast hub bind ID. holdfast hub describe shows the state of all.',
  },
  'subdevice-unconfirmed': {
    of: 'uplink',
    meaning:
      'The hub has not confirmed in this connection that the subdevice is online. Before that it may drop its messages.',
    remedy: WAIT,
  },
  'topic-without-puback': {
    of: 'uplink',
    meaning: 'The PUBACK of an earlier message of the topic is overdue. Later ones wait, so that the order is kept.',
    remedy: 'Check that the gateway may publish on this topic, and the size limit of the hub.',
  },
  'topic-slots-taken': {
    of: 'uplink',
    meaning: 'The hub acknowledges nothing on this topic. Its messages have slots of their own, and all are taken.',
    remedy: 'Check that the gateway may publish on this topic; holdfast dead-letters list shows the abandoned ones.',
  },
  'topic-set-aside': {
    of: 'uplink',
    meaning: 'The hub closed the connection on each earlier message of the topic. Its messages become dead letters.',
    remedy: 'Correct the cause at the hub, then run holdfast hub subscriptions release TOPIC.',
  },
  suspect: {
    of: 'uplink',
    meaning: 'The hub closed the connection while only this message was unanswered. It is held back, then sent alone.',
    remedy: 'Check the permissions and limits of its topic at the hub.',
  },
  'behind-suspect': {
    of: 'uplink',
    meaning: 'The hub closed the connection on an earlier message of the topic, which is tried first.',
    remedy: 'holdfast hub subscriptions lists such packets.',
  },
  'sent-alone': {
    of: 'uplink',
    meaning: 'Packets that were unanswered when the hub closed the connection are sent one at a time.',
    remedy: WAIT,
  },
  'window-full': {
    of: 'uplink',
    meaning: 'As many messages are in flight as allowed (hub.in_flight_max). The next PUBACK makes room.',
    remedy: WAIT,
  },
  'packet-identifier-in-use': {
    of: 'uplink',
    meaning: 'Another message in flight has the packet identifier of this one. Its PUBACK makes it free.',
    remedy: WAIT,
  },
  'backlog-paused': {
    of: 'uplink',
    meaning: 'An operator has paused the backlog. Alarms and live messages are sent meanwhile.',
    remedy: 'holdfast backlog resume ends the pause.',
  },
  'backlog-limited': {
    of: 'uplink',
    meaning: 'An operator has limited the rate of the backlog.',
    remedy: 'holdfast backlog rate default ends the limit.',
  },
  paced: {
    of: 'uplink',
    meaning: 'The rate limit of the hub (hub.messages_per_s) is used up for the moment.',
    remedy: WAIT,
  },
  // downlinks
  'copy-not-adopted': {
    of: 'downlink',
    meaning: 'The store may be a copy of that of another machine, so no downlink is delivered.',
    remedy: 'Decide: holdfast adopt, or an identity of its own for this gateway (docs/cloned-cards.md).',
  },
  'subdevice-away': {
    of: 'downlink',
    meaning: 'The subdevice is not connected. The message waits in the inbox.',
    remedy: 'holdfast explain SUBDEVICE says why it is silent.',
  },
  'subdevice-asleep': {
    of: 'downlink',
    meaning: 'The subdevice sleeps. It gets its messages when it wakes.',
    remedy: WAIT,
  },
  'next-waking': {
    of: 'downlink',
    meaning: 'The subdevice is awake for the messages that waited when it woke. This one came later.',
    remedy: WAIT,
  },
  'acknowledgement-due': {
    of: 'downlink',
    meaning: 'The message was sent to the subdevice, and its acknowledgement has not arrived yet.',
    remedy: WAIT,
  },
  'delivery-pause': {
    of: 'downlink',
    meaning: 'A subdevice that reconnected gets its stored messages with a pause between them.',
    remedy: 'inbox.replay_interval_ms sets the pause.',
  },
  'session-ended': {
    of: 'downlink',
    meaning: 'The session of the subdevice ended. Its waiting messages are shed as they are read from disk.',
    remedy: WAIT,
  },
  // subdevices
  'is-connected': { of: 'subdevice', meaning: 'The subdevice is connected; nothing of it waits.', remedy: WAIT },
  'uplinks-wait': {
    of: 'subdevice',
    meaning: 'Uplinks of the subdevice are in custody and wait for the hub.',
    remedy: 'holdfast explain with the name of the oldest message says why it waits.',
  },
  'data-is-lost': {
    of: 'subdevice',
    meaning: 'The gateway is losing data now. The subdevice may be affected.',
    remedy: 'holdfast status says what is lost and what to do.',
  },
  'is-asleep': { of: 'subdevice', meaning: 'The subdevice announced that it sleeps.', remedy: WAIT },
  'never-seen': {
    of: 'subdevice',
    meaning: 'The subdevice is configured and was never seen: it has not connected since the store was created.',
    remedy: 'Check its power, its wires, its id, and the link of the configuration.',
  },
  'link-not-open': {
    of: 'subdevice',
    meaning: 'The port of its link is not open.',
    remedy: 'holdfast explain LINK says why.',
  },
  'wrong-protocol': {
    of: 'subdevice',
    meaning: 'The bytes on its link look like another protocol than the configured one.',
    remedy: 'Check driver, speed and framing of the link, and which device is plugged in.',
  },
  'on-other-link': {
    of: 'subdevice',
    meaning: 'The subdevice tries to connect on a link that is not configured for it.',
    remedy: 'Swap the plugs, or correct the link of the subdevice in the configuration.',
  },
  'sent-disconnect': {
    of: 'subdevice',
    meaning: 'The subdevice ended its connection itself (DISCONNECT).',
    remedy: WAIT,
  },
  'does-not-answer': {
    of: 'subdevice',
    meaning: 'The subdevice does not answer requests.',
    remedy: 'Check its power, its wires (A and B), its address, and speed and parity of the line.',
  },
  'unit-does-not-answer': {
    of: 'subdevice',
    meaning: 'A unit of a Modbus TCP server does not answer requests.',
    remedy: 'Check the server, the address (unit id) in the configuration, and the power of the unit.',
  },
  'readout-fails': {
    of: 'subdevice',
    meaning: 'A meter answers, and its read-out fails.',
    remedy: 'Check the position of the optical head, speed_max of the read-out, and line_bytes_max of the lines.',
  },
  'went-silent': {
    of: 'subdevice',
    meaning: 'The subdevice was connected, and no frame of it arrives any more.',
    remedy: 'Check its power and its wires. holdfast link test LINK tests the line.',
  },
  'not-bound': {
    of: 'subdevice',
    meaning: 'The hub has unbound the subdevice, so it is not served.',
    remedy: 'Bind it: holdfast hub bind ID.',
  },
  'not-configured': {
    of: 'subdevice',
    meaning: 'The subdevice is not in the configuration. Its session still collects downlinks.',
    remedy: 'Add it to the configuration, or run holdfast subdevices forget ID.',
  },
  'filter-rejected': {
    of: 'subdevice',
    meaning: 'The hub does not serve a filter of the subdevice, so downlinks on it do not arrive.',
    remedy: 'holdfast hub subscriptions shows the state and the reason of each filter.',
  },
  // links
  'is-open': { of: 'link', meaning: 'The port is open, and no problem is known.', remedy: WAIT },
  'link-silent': {
    of: 'link',
    meaning: 'The port is open and has received before, but no frame has arrived in the last minute.',
    remedy: 'Check that the devices have power and send. holdfast link test LINK asks those that can be asked.',
  },
  'port-absent': {
    of: 'link',
    meaning: 'No device has the name of the port.',
    remedy: 'Plug the adapter in; holdfast ports lists the ports.',
  },
  'port-ambiguous': {
    of: 'link',
    meaning: 'Several devices have the name of the port.',
    remedy: 'Choose a name that is unique: holdfast ports lists the names.',
  },
  'port-shared': {
    of: 'link',
    meaning: 'Another link uses the device.',
    remedy: 'Correct path in one of the two links.',
  },
  'port-fails': {
    of: 'link',
    meaning: 'The port cannot be opened, or it closed. The gateway tries again.',
    remedy: 'holdfast status shows what to do.',
  },
  'link-stopped': { of: 'link', meaning: 'The link is stopped.', remedy: WAIT },
  'nothing-received': {
    of: 'link',
    meaning: 'The port is open, and no byte has arrived.',
    remedy: 'Check the cable, TX and RX, and the power of the devices.',
  },
  'server-sends-nothing': {
    of: 'link',
    meaning: 'The connection to a Modbus TCP server is open, and no byte has arrived.',
    remedy:
      'Check host and port in path, the addresses (unit ids) of the units, and how many clients the server allows.',
  },
  'other-protocol': {
    of: 'link',
    meaning: 'The bytes look like another protocol than the configured one.',
    remedy: 'Check driver, speed and framing, and which device is plugged in; for telnet, write rfc2217:// in path.',
  },
  'many-broken-frames': {
    of: 'link',
    meaning: 'Many frames of the last minute are broken.',
    remedy: 'Check cable, shield, ground, termination and speed. holdfast link test LINK measures.',
  },
  'many-invalid-answers': {
    of: 'link',
    meaning: 'Many answers of a Modbus TCP server in the last minute do not fit the requests, or are no Modbus TCP.',
    remedy: 'Check host and port in path, framing, and the addresses (unit ids). holdfast status names what arrived.',
  },
  'nothing-readable': {
    of: 'link',
    meaning: 'Bytes arrived in the last minute, and no frame, line or answer among them was valid.',
    remedy: 'holdfast status names what arrived, and what to check.',
  },
  'devices-do-not-answer': {
    of: 'link',
    meaning: 'The port is open, and devices that are polled do not answer.',
    remedy: 'holdfast status shows what to check. holdfast link test LINK asks each of them.',
  },
  'recovery-failed': {
    of: 'link',
    meaning: 'All recovery steps failed, and the link still does not work.',
    remedy: 'holdfast status shows what to check.',
  },
  // hub
  'hub-connected': { of: 'hub', meaning: 'The hub is connected, and no obstacle is known.', remedy: WAIT },
  'limited-by-operator': {
    of: 'hub',
    meaning: 'An operator has paused or slowed the backlog, or keeps messages on hold.',
    remedy: 'holdfast outbox shows the limits and the holds, and how to end them.',
  },
  'store-is-copy': {
    of: 'hub',
    meaning: 'The store may be a copy of that of another machine, so the gateway does not connect.',
    remedy: 'Decide: holdfast adopt, or an identity of its own for this gateway (docs/cloned-cards.md).',
  },
  'hub-stopped': {
    of: 'hub',
    meaning: 'The connection is stopped, because the gateway stops or its storage fails.',
    remedy: WAIT,
  },
  'hub-connecting': {
    of: 'hub',
    meaning: 'A connection is being established; the hub has not accepted it yet.',
    remedy: WAIT,
  },
  'hub-waits': {
    of: 'hub',
    meaning: 'The last attempt failed. The next one follows after a pause that grows up to a limit.',
    remedy: 'holdfast status shows what to do.',
  },
  'hub-rejects': {
    of: 'hub',
    meaning: 'The hub answers CONNECT with a rejection.',
    remedy: 'Check the credentials. holdfast doctor --connect tries them, while the gateway is stopped.',
  },
  'hub-taken-over': {
    of: 'hub',
    meaning: 'The hub closes accepted connections soon, as if another client connected with the same client id.',
    remedy: 'Search for a second gateway with this identity.',
  },
  'password-not-renewed': {
    of: 'hub',
    meaning: 'It is time for a new password, and none could be obtained. The connection goes on with the present one.',
    remedy: 'holdfast status shows what to do. The hub may end the connection when the present password ends.',
  },
  'earlier-files-in-use': {
    of: 'hub',
    meaning: 'A secret file or a TLS file is invalid. The last valid one remains in use until the next start.',
    remedy: 'Correct the file; it is read again at the next connection. holdfast config check examines it now.',
  },
  'pubacks-missing': {
    of: 'hub',
    meaning: 'The hub is connected, and PUBACKs are overdue.',
    remedy: 'Check permissions and size limits at the hub.',
  },
  'packets-held-back': {
    of: 'hub',
    meaning: 'The hub closes the connection on some packets, which are held back.',
    remedy: 'holdfast hub subscriptions lists them.',
  },
  'rate-limit-used': {
    of: 'hub',
    meaning: 'A backlog drains at the rate limit of the hub (hub.messages_per_s).',
    remedy: WAIT,
  },
} as const satisfies Readonly<Record<string, ReasonEntry>>;

export type ReasonCode = keyof typeof REASONS;

/** Markdown page of all reasons. */
export function renderReasonsPage(): string {
  const lines = [
    '# Reasons of `holdfast explain`',
    '',
    '`holdfast explain MESSAGE`, `SUBDEVICE`, `LINK` or `hub` says why a message is not sent, or why a subdevice is silent: each reason',
    'has one of these codes, and a sentence with the present numbers. The list is closed: a script can rely on the codes',
    '(`holdfast --json explain NAME`). `test/unit/ops/explain/reasons.test.ts` checks this page and writes it with `-u`.',
  ];
  const subjects = [
    ['message', 'Messages'],
    ['uplink', 'Uplinks'],
    ['downlink', 'Downlinks'],
    ['subdevice', 'Subdevices'],
    ['link', 'Links'],
    ['hub', 'Hub'],
  ] as const;
  for (const [subject, title] of subjects) {
    lines.push('', `## ${title}`, '', '| reason | meaning | what to do |', '|---|---|---|');
    for (const [code, entry] of Object.entries(REASONS))
      if (entry.of === subject) lines.push(`| \`${code}\` | ${entry.meaning} | ${entry.remedy ?? 'wait'} |`);
  }
  return `${lines.join('\n')}\n`;
}
