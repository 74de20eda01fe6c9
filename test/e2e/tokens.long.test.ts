/**
 * Passwords that change at mosquitto while messages flow. mosquitto disconnects a client whose password was changed, so
 * the renewal uses two listeners of one broker: a token service gives the idle one the next password, and the next
 * connection leads there, where only this password is accepted.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BrokerTestbed, findPort, HOST } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto, writePasswords } from './mosquitto.ts';
import { unsettledIn, writeTokenService } from './token-service.ts';
import { until } from './until.ts';

const USER = 'gateway';
const RENEW_S = 10;

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-broker-tokens-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Leads each new connection to the port that a file names. */
async function openSwitch(portFile: string): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const broker = connect(Number(readFileSync(portFile, 'utf8')), HOST);
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.pipe(broker).pipe(client);
  });
  const port = await findPort();
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return port;
}

/** Lines of a listener that accepts one password. */
function demands(passwords: string): string[] {
  return ['allow_anonymous false', `password_file ${passwords}`];
}

async function tradeUntil(brokerTestbed: BrokerTestbed, isDone: () => boolean): Promise<void> {
  while (!isDone()) {
    brokerTestbed.testbed.publish(2);
    await brokerTestbed.commandAll(1);
    await brokerTestbed.testbed.untilAcknowledged();
    await turn();
  }
  await brokerTestbed.expectAllDelivered();
}

async function expectNoGap({ testbed }: BrokerTestbed): Promise<void> {
  const { conditions, hub } = await testbed.gateway.status();
  expect(conditions.filter(({ code }) => /^hub|^downlink/.test(code))).toEqual([]);
  expect(hub).toMatchObject({ sessionPresent: true, sessionsLost: 0 });
}

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto, whose passwords change in traffic', () => {
  it('each renewal uses the next password: nothing is lost, nothing is sent twice, and there is no gap', async () => {
    const folder = newFolder();
    const [open, even, odd] = [await findPort(), await findPort(), await findPort()];
    const passwordsOf = (port: number): string => {
      mkdirSync(join(folder, String(port)));
      return writePasswords(join(folder, String(port)), USER, 'no token yet');
    };
    const [evenFile, oddFile] = [passwordsOf(even), passwordsOf(odd)];
    const [portFile, pidFile] = [join(folder, 'port'), join(folder, 'pid')];
    const service = writeTokenService(folder, [
      `if [ $((count % 2)) = 0 ]; then port=${even} file=${evenFile}; else port=${odd} file=${oddFile}; fi`,
      `mosquitto_passwd -b "$file" ${USER} "$token" >&2`,
      `kill -HUP "$(cat ${pidFile})"`,
      // the broker reads the file when it has the signal
      `until mosquitto_pub -h ${HOST} -p $port -u ${USER} -P "$token" -t ready -n 2>/dev/null; do sleep 0.05; done`,
      `echo $port > ${portFile}`,
    ]);
    writeFileSync(portFile, String(odd));
    const door = { port: even, lines: [...demands(evenFile), `listener ${odd} ${HOST}`, ...demands(oddFile)] };
    const brokerTestbed = await BrokerTestbed.open({
      port: await openSwitch(portFile),
      hub: { username: USER, password_command: [service.program], password_renew_s: RENEW_S },
      brokerAt: (_, path) => new Mosquitto(open, path, door),
    });
    const { testbed, broker } = brokerTestbed;
    writeFileSync(pidFile, String((broker as Mosquitto).pid));
    await brokerTestbed.enter();
    await tradeUntil(brokerTestbed, () => testbed.gateway.journal.split('password renewed').length > 3);
    const duplicates = testbed.uplinks.duplicates + testbed.downlinks.duplicates;
    expect(duplicates).toBeLessThanOrEqual(unsettledIn(testbed.gateway.journal));
    expect(service.printed).toBeGreaterThanOrEqual(4);
    await expectNoGap(brokerTestbed);
    expect(testbed.gateway.journal).not.toMatch(/hub lost|rejects|authorise|token-\d/);
  });

  it('a password file that changes is read for the next connection, after mosquitto has ended the present one', async () => {
    const folder = newFolder();
    const [open, port] = [await findPort(), await findPort()];
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'first\n', { mode: 0o600 });
    const passwords = writePasswords(folder, USER, 'first');
    const brokerTestbed = await BrokerTestbed.open({
      port,
      hub: { username: USER, password_file: secret },
      brokerAt: (_, path) => new Mosquitto(open, path, { port, lines: demands(passwords) }),
    });
    const { testbed, broker } = brokerTestbed;
    await brokerTestbed.enter();
    for (const password of ['second', 'third']) {
      const before = testbed.gateway.journal.length;
      writePasswords(folder, USER, password);
      writeFileSync(secret, `${password}\n`);
      process.kill((broker as Mosquitto).pid ?? 0, 'SIGHUP');
      await tradeUntil(brokerTestbed, () =>
        /hub connected, session present/.test(testbed.gateway.journal.slice(before)),
      );
    }
    await expectNoGap(brokerTestbed);
  });

  it('a new password that it rejects is an outage with its reason, and nothing is lost', async () => {
    const folder = newFolder();
    const [open, port] = [await findPort(), await findPort()];
    const current = join(folder, 'current');
    writeFileSync(current, 'first');
    const passwords = writePasswords(folder, USER, 'first');
    const program = join(folder, 'print-current');
    writeFileSync(program, `#!/bin/sh\ncat ${current}\n`, { mode: 0o755 });
    const brokerTestbed = await BrokerTestbed.open({
      port,
      hub: { username: USER, password_command: [program], password_renew_s: RENEW_S },
      brokerAt: (_, path) => new Mosquitto(open, path, { port, lines: demands(passwords) }),
    });
    const { testbed } = brokerTestbed;
    await brokerTestbed.enter();
    writeFileSync(current, 'wrong');
    const { conditions } = await testbed.untilStatus((status) =>
      status.conditions.some(({ code }) => code === 'hub-refuses'),
    );
    expect(conditions.find(({ code }) => code === 'hub-refuses')?.hint).toMatch(/log of the hub shows whether/);
    expect(testbed.gateway.journal).toContain('hub lost: the hub does not authorise this gateway');
    testbed.publish(20);
    await testbed.untilAcknowledged();
    writeFileSync(current, 'first');
    await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    await brokerTestbed.commandAll(5);
    await brokerTestbed.expectAllDelivered();
    await expectNoGap(brokerTestbed);
  });

  it('a file that still has the old password is rejected, and the reason is what is known (negative control)', async () => {
    const folder = newFolder();
    const [open, port] = [await findPort(), await findPort()];
    const passwords = writePasswords(folder, USER, 'first');
    const { program } = writeTokenService(folder);
    const brokerTestbed = await BrokerTestbed.open({
      port,
      hub: { username: USER, password_command: [program] },
      brokerAt: (_, path) => new Mosquitto(open, path, { port, lines: demands(passwords) }),
    });
    const { testbed } = brokerTestbed;
    await testbed.gateway.start();
    await until(() => testbed.gateway.journal.includes('authorise'));
    const { conditions } = await testbed.untilStatus((status) =>
      status.conditions.some(({ code }) => code === 'hub-refuses'),
    );
    const { hint = '' } = conditions.find(({ code }) => code === 'hub-refuses') ?? {};
    expect(hint).toMatch(/^The program of password_command printed the password for this attempt\./);
    expect(hint).toMatch(/The program runs again at the next attempt\.$/);
  });
});
