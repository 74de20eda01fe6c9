/**
 * A server on the hub's port that is no MQTT broker: `status` and the journal name its protocol, from the first
 * connection on.
 */
import { describe, expect, it } from 'vitest';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';
import type { Impostor } from './wire-tap.ts';

/** `dialled`: the server sends first, as these servers do; otherwise it answers the first bytes. */
function speaks(bytes: Uint8Array, when: 'dialled' | 'asked'): Impostor {
  return (socket) => {
    socket.resume();
    if (when === 'dialled') socket.end(bytes);
    else socket.once('data', () => socket.end(bytes));
  };
}

async function openAt(impostor: Impostor, hub: Record<string, number> = {}): Promise<Testbed> {
  const testbed = await openTestbed({ isTapped: true, config: { hub } });
  testbed.tap.impostors.push(...Array.from({ length: 200 }, () => impostor));
  await testbed.gateway.start();
  return testbed;
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

describe('a server that is no MQTT broker', () => {
  it.each([
    [
      'HTTP',
      'asked',
      text('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
      /a web server answers there, or a proxy/,
    ],
    [
      'HTTP',
      'asked',
      text('<html>\r\n<head><title>400 Bad Request</title></head>'),
      /a web server answers there, or a proxy/,
    ],
    // Alert "protocol version" (RFC 8446 §6.2), as OpenSSL answers a CONNECT.
    ['TLS', 'asked', Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70), /Set tls = "on" in \[hub\]/],
    ['TLS', 'asked', Uint8Array.of(0x16, 3, 3, 0, 0x7a, 2, 0, 0, 0x76, 3, 3), /Set tls = "on" in \[hub\]/],
    ['SSH', 'dialled', text('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'), /another server answers there/],
    ['SMTP', 'dialled', text('220 mail.example.net ESMTP Postfix\r\n'), /another server answers there/],
    ['FTP', 'dialled', text('220 (vsFTPd 3.0.3) FTP server\r\n'), /another server answers there/],
  ] as const)('with protocol %s (%s) is named in status and journal', async (protocol, when, bytes, hint) => {
    const testbed = await openAt(speaks(bytes, when));
    const { conditions } = await testbed.untilStatus(({ hub }) => hub.lastProblem?.includes('speaks') ?? false);
    const [first] = conditions;
    expect(first).toMatchObject({ code: 'hub-away', losing: 'at risk', hint: expect.stringMatching(hint) });
    expect(first?.sentence).toMatch(
      new RegExp(
        `^No MQTT broker at 127\\.0\\.0\\.1:\\d+: the other side speaks ${protocol}, not MQTT; messages are kept`,
      ),
    );
    expect(testbed.gateway.journal).toContain(`cannot reach the hub: the other side speaks ${protocol}, not MQTT`);
    expect(testbed.gateway.journal.match(/cannot reach the hub/g)).toHaveLength(1);
  });

  it('that closes on CONNECT without an answer may expect TLS', async () => {
    const testbed = await openAt(speaks(new Uint8Array(0), 'asked'));
    const { conditions } = await testbed.untilStatus(({ hub }) => hub.lastProblem !== null);
    expect(conditions[0]?.hint).toMatch(/^If the hub expects TLS on this port, set tls = "on"/);
  });

  it('that sends nothing is reported before the time for CONNACK is over', async () => {
    const testbed = await openAt((socket) => socket.resume(), { connect_ms_max: 120_000 });
    const { conditions } = await testbed.untilStatus((status) =>
      status.conditions.some(({ sentence }) => sentence.startsWith('Connected to ')),
    );
    expect(conditions[0]?.sentence).toMatch(
      /^Connected to 127\.0\.0\.1:\d+, no CONNACK for \d+ s; messages are kept on disk\.$/,
    );
    await until(() => /connected to 127\.0\.0\.1:\d+, no CONNACK for \d+ s/.test(testbed.gateway.journal));
  });

  it('that sends a part of a packet is reported with those bytes', async () => {
    const testbed = await openAt(
      (socket) => {
        socket.resume();
        socket.write('2xyz');
      },
      { connect_ms_max: 300 },
    );
    const { hub } = await testbed.untilStatus((status) => status.hub.lastProblem !== null);
    expect(hub.lastProblem).toBe('no CONNACK within 300 ms (received instead: "2xyz")');
  });
});

describe('a hub that sends invalid bytes after CONNACK', () => {
  it.each([
    [
      'random bytes',
      Uint8Array.of(0x97, 0x05, 1, 2, 3, 4, 5),
      'reserved flags 7 in a packet of type 9',
      '97 05 01 02 03 04 05',
    ],
    [
      'an endless length',
      Uint8Array.of(0x90, 0xff, 0xff, 0xff, 0xff, 1),
      'remaining length of more than four bytes',
      '90 ff ff ff ff',
    ],
  ])(
    'is named as the cause of the close, and no packet of the gateway is suspected: %s',
    async (_what, bytes, problem, sample) => {
      const testbed = await openTestbed({ isTapped: true, config: { hub: { attempts_max: 1 } } });
      await testbed.start();
      let connections = 0;
      const breaks: Impostor = (socket) => {
        connections += 1;
        socket.once('data', () => socket.write(Uint8Array.of(0x20, 2, 1, 0)));
        // The next packet of the gateway, of any kind, is answered with these bytes.
        socket.once('data', () => socket.on('data', () => socket.write(bytes)));
      };
      testbed.tap.impostors.push(...Array.from({ length: 4 }, () => breaks));
      testbed.hub.setFault({ kind: 'dropConnections' });
      testbed.publish(5);
      const { conditions, hub } = await testbed.untilStatus(
        (status) => status.hub.lastProblem?.includes(problem) ?? false,
      );
      expect(hub.lastProblem).toContain(`(received: ${sample})`);
      expect(conditions[0]?.code).toMatch(/^hub-away$|^hub-breaks-protocol$/);
      expect(conditions[0]?.sentence).toMatch(/^The hub broke the protocol: .*; the gateway closed the connection/);
      await until(() => connections === 4);
      await testbed.expectNothingLost();
      const after = await testbed.gateway.status();
      expect(after.conditions.map(({ code }) => code).filter((code) => code.startsWith('hub-closes'))).toEqual([]);
      expect(testbed.gateway.journal).not.toMatch(/the hub closed the connection right after|dead letter/);
      expect((await runProgram('--socket', testbed.socketPath, 'hub', 'subscriptions')).stdout).not.toMatch(
        /suspect|set aside/,
      );
    },
  );

  it('negative control: a packet of the gateway is suspected if the hub closes at the same place', async () => {
    const testbed = await openTestbed({ isTapped: true, config: { hub: { attempts_max: 1 } } });
    await testbed.start();
    const closes: Impostor = (socket) => {
      socket.once('data', () => {
        socket.write(Uint8Array.of(0x20, 2, 1, 0));
        socket.once('data', () => socket.destroy());
      });
    };
    testbed.tap.impostors.push(...Array.from({ length: 200 }, () => closes));
    testbed.hub.setFault({ kind: 'dropConnections' });
    testbed.publish(5);
    await until(() => /the hub closed the connection right after|dead letter/.test(testbed.gateway.journal));
  });
});
