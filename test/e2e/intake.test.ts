/**
 * Bytes of devices that never reach custody, at a real gateway on PTYs: each with its verdict, its condition, its
 * sample and its remedy; and history afterwards. Time passes by moving the clock of the gateway.
 */
import { expect, it } from 'vitest';
import { encodeFrame } from '../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import type { Packet, PublishPacket } from '../../src/codec/mqttsn-packets.ts';
import { openIntake } from './intake-testbed.ts';
import { openUnits, simulatedUnit } from './simulated-units.ts';

const MINUTE_MS = 60_000;
/** Everything that has ended is history after this time. */
const OVER_MS = 11 * MINUTE_MS;

const frame = (packet: Packet): Uint8Array => encodeFrame(encodePacket(packet));
const lines = (keys = ''): string => `driver = "lines"\n[link.lines]\nsubdevice = "NAME"\n${keys}`;
const named = (links: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(links).map(([name, text]) => [name, text.replace('NAME', name)]));

/**
 * Three units on one line: one that is switched off, one without the register, one that answers with another address.
 */
async function openMeters() {
  let isOff = true;
  const [silent, hole, twin] = [1, 2, 3].map((address) =>
    simulatedUnit(address, () => (isOff && address === 1 ? undefined : 1)),
  );
  if (silent === undefined || hole === undefined || twin === undefined) throw new Error('units');
  hole.exceptionTo = () => 2;
  twin.alters = ([, ...rest]) => [7, ...rest];
  const units = ['silent', 'hole', 'twin'].map((id, index) =>
    [
      `[[link.unit]]\nid = "${id}"\naddress = ${index + 1}\npoll_ms = 100`,
      '[[link.unit.point]]\nname = "a"\ntable = "holding"\naddress = 4',
      `[[subdevice]]\nid = "${id}"\n`,
    ].join('\n'),
  );
  const path = await openUnits([silent, hole, twin]);
  const head = `[[link]]\nname = "meters"\npath = "${path}"\ndriver = "modbus"\nretry_ms = 500\nretries_max = 1\nrecovery = []\n`;
  const heal = (): void => {
    isOff = false;
    hole.exceptionTo = () => undefined;
    twin.alters = (answer) => answer;
  };
  return { text: `${head}${units.join('\n')}`, heal };
}

it('lines: a wrong encoding, pattern or delimiter is a loss with its remedy, and a line that is broken occasionally is reported as long as it comes', async () => {
  const links = named({
    crlf: lines('pattern = "^v=[0-9]+$"'),
    strict: lines('pattern = "^v=[0-9]+$"'),
    latin: lines(),
    ended: lines(),
    rare: lines('check = "crc16-modbus"'),
  });
  const intake = await openIntake(links);
  intake.send('crlf', 'v=1\r\n', 'v=2\r\n');
  await intake.untilArrived('crlf', 2);
  intake.send('strict', 'temp 1\n', 'temp 2\n', 'temp 3\n');
  await intake.expectTrouble({
    ...{ link: 'strict', code: 'lines-discarded', losing: 'yes' },
    sentence: /^3 lines discarded on link strict \(strict\): it does not match pattern; .*: "temp 3"\.$/,
    hint: /Compare pattern in \[link\.lines\] with the sample/,
  });
  intake.send('latin', 'caf\xe9 1\n', 'caf\xe9 2\n', 'caf\xe9 3\n');
  await intake.expectTrouble({
    ...{ link: 'latin', code: 'lines-discarded', losing: 'yes' },
    sentence: /^3 lines discarded on link latin \(latin\): it is not valid UTF-8; .*: "caf\\xe9 3"\.$/,
    hint: /encoding = "latin1"/,
  });
  intake.send('ended', 'v=1000\rv=2000\rv=3000\rv=4000\rv=5000\rv=6000\r');
  await intake.untilStatus((status) =>
    status.links.some(({ name, counters }) => name === 'ended' && counters.bytesIn === 42),
  );
  await intake.pass(6000);
  await intake.expectTrouble({
    ...{ link: 'ended', code: 'lines-not-ended', losing: 'yes' },
    sentence: /^42 bytes arrived on link ended \(ended\) without a delimiter; they begin with "v=1000\\rv=2000/,
    hint: /carriage returns \(CR\).* delimiter = "\\r"/,
  });

  const broken = async (recent: number, losing: 'at risk' | 'yes') => {
    intake.send('rare', 'v=1*0000\n');
    await intake.expectTrouble({
      ...{ link: 'rare', code: 'lines-discarded', losing },
      sentence: new RegExp(
        `^${recent} lines? discarded on link rare \\(rare\\): the checksum at the end is missing or wrong`,
      ),
      hint: /Compare check and check_separator .* check the wire/,
    });
  };
  await broken(1, 'at risk');
  await intake.pass(30 * MINUTE_MS);
  await intake.expectOver('rare', 'line check');
  await broken(1, 'at risk');
  await intake.pass(9 * MINUTE_MS);
  await broken(2, 'at risk');
  await intake.pass(9 * MINUTE_MS);
  await broken(3, 'yes');
  await intake.pass(20 * MINUTE_MS);
  // Three of its intervals have not passed.
  const status = await intake.testbed.gateway.status();
  expect(status.conditions.map(({ sentence }) => sentence).join('\n')).toMatch(/3 lines discarded on link rare/);
  await intake.pass(OVER_MS);
  await intake.expectOver('rare', 'line check');
  await intake.expectOver('strict', 'line pattern');
  await intake.expectOver('latin', 'line encoding');
  await intake.expectOver('ended', 'line not ended');
  expect((await intake.testbed.gateway.status()).losing).not.toBe('yes');
});

it('MQTT-SN: broken frames count while they are many, rejected uplinks count at once, and swapped ports are recognised', async () => {
  const intake = await openIntake(named({ crc: '', stray: '', texts: lines(), frames: '' }));
  const ping = frame({ kind: 'pingreq', clientId: 'crc' });
  const spoilt = ping.map((byte, at) => (at === 3 ? byte ^ 1 : byte));
  intake.send('crc', spoilt, spoilt, spoilt, spoilt);
  await intake.expectTrouble({
    ...{ link: 'crc', code: 'frames-broken', losing: 'yes' },
    sentence: /^4 frames broken on link crc: a wrong checksum; the last \d+ s ago: /,
    hint: /Compare speed, parity and framing of both ends; .* ground wire/,
  });
  intake.send('crc', ...Array.from({ length: 12 }, () => ping));
  await intake.expectOver('crc', 'frame checksum');

  const publish: PublishPacket = {
    ...{ kind: 'publish', dup: false, qos: 0, retain: false, messageId: 0 },
    ...{ topic: { type: 'short', name: 't1' }, payload: Buffer.from('21.5') },
  };
  intake.send('stray', frame(publish));
  await intake.expectTrouble({
    ...{ link: 'stray', code: 'uplinks-refused', losing: 'yes' },
    sentence: /^1 uplink discarded on link stray.*: a PUBLISH without a connection; .*: "21\.5"\.$/,
    hint: /The device must connect first/,
  });

  const connect = frame({ kind: 'connect', clean: true, will: false, clientId: 'frames', durationS: 60 });
  intake.send('texts', ...Array.from({ length: 8 }, () => connect));
  intake.send('frames', ...Array.from({ length: 8 }, (_, at) => `temperature ${at}\r\n`));
  await intake.untilStatus(({ conditions, losing }) => {
    const swapped = conditions.filter(({ hint }) =>
      /(the ports of frames and texts|two ports) are swapped/.test(hint ?? ''),
    );
    return losing === 'yes' && swapped.length === 2;
  });
  await intake.pass(OVER_MS);
  await intake.expectOver('stray', 'client not connected');
});

it('Modbus: a silent unit, rejected registers and answers of another unit are reported by unit, and end once it answers', async () => {
  const meters = await openMeters();
  const intake = await openIntake({}, meters.text);
  await intake.expectTrouble({
    ...{ link: 'meters', code: 'subdevice-silent', losing: 'at risk' },
    // The line carries answers in place of those of the unit twin: it is no silent unit.
    sentence: /^silent has not answered on link meters since the start\.$/,
    hint: /Check its power, its wires .*, its address, and the speed/,
  });
  const trouble = { link: 'meters', code: 'unit-trouble', losing: 'at risk' } as const;
  const expectReported = async (words: RegExp, remedy: RegExp) => {
    const { conditions } = await intake.untilStatus((status) =>
      status.conditions.some(({ sentence }) => words.test(sentence)),
    );
    expect(conditions.find(({ sentence }) => words.test(sentence))).toMatchObject({
      ...{ code: trouble.code, losing: trouble.losing },
      hint: expect.stringMatching(remedy),
    });
  };
  await expectReported(
    /^hole on link meters: .*unit 2, a \(holding 4\): illegal data address/,
    /Correct address, table/,
  );
  await expectReported(/^twin on link meters: .* an answer of unit 7\b/, /two units with one address/);
  meters.heal();
  // A pause between requests ends sooner with the moved clock.
  await intake.pass(MINUTE_MS);
  for (const id of ['silent', 'twin']) await intake.untilArrived(id, 1);
  await intake.untilArrived('hole', 2);
  // A request in progress when the clock is moved counts as unanswered: then all of it has to pass once more.
  let { discarded, conditions } = await intake.testbed.gateway.status();
  const isReported = (): boolean => conditions.some(({ sentence }) => sentence.includes('link meters'));
  while (isReported()) {
    await intake.pass(3 * MINUTE_MS);
    ({ discarded, conditions } = await intake.testbed.gateway.status());
  }
  const reasons = discarded.map(({ subdevice, reason }) => `${subdevice}: ${reason}`);
  expect(reasons).toEqual(
    expect.arrayContaining(['silent: unit silent', 'hole: unit exception', 'twin: unit mismatch']),
  );
});

it('negative control: a gateway that does not count them reports none of them', async () => {
  const { text } = await openMeters();
  const intake = await openIntake(named({ strict: lines('pattern = "^v=[0-9]+$"') }), text, 'intake');
  intake.send('strict', 'temp 1\n', 'temp 2\n', 'temp 3\n');
  await intake.untilArrived('hole', 1);
  const { conditions, discarded } = await intake.untilStatus(
    ({ links, conditions: found }) =>
      links.some(({ name, counters }) => name === 'strict' && counters.malformedPackets === 3) &&
      found.some(({ sentence }) => /^silent, twin have not answered/.test(sentence)),
  );
  expect(conditions.map(({ code }) => code)).toEqual(['subdevice-silent']);
  expect(discarded).toEqual([]);
});
