/** Firmware storage of the gateway: off, with records of an earlier process, and with the proxy of the hub. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { firmwareStorage } from '../../../src/app/firmware-storage.ts';
import type { FetchOutcome } from '../../../src/base/firmware.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Config } from '../../../src/config/schema.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { HttpProxy } from '../../e2e/http-proxy.ts';
import { completeOf, digestOf, ImageServer, imageOf, temporaryFolder } from '../io/firmware/image-server.ts';

const IMAGE = imageOf(10_000);
const DIGEST = digestOf(IMAGE);

function configOf(stateDir: string, hub = '', firmware = ''): Config {
  const parsed = parseConfig(`
[gateway]
name = "gw"
state_dir = "${stateDir}"
[hub]
profile = "generic"
host = "127.0.0.1"
tls = "off"
client_id = "gw"
${hub}
[[link]]
name = "bus"
path = "/dev/ttyS0"
driver = "mqttsn"
[[subdevice]]
id = "a"
${firmware}
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed));
  return parsed.config;
}

async function storageOf(config: Config) {
  const warnings: string[] = [];
  const mailbox = new Mailbox((error) => {
    throw error;
  });
  const journal = { warn: (text: string) => void warnings.push(text) };
  const storage = await firmwareStorage({ config, running: () => undefined, mailbox, clock: systemClock(), journal });
  const fetched = (url: string): Promise<FetchOutcome> =>
    new Promise((resolve) => void storage?.fetch(DIGEST, url, resolve));
  return { storage, warnings, fetched };
}

const ON = (caFile: string): string => `[firmware]
enabled = true
offer_topic = "firmware/offer"
report_topic = "firmware/report"
ca_file = "${caFile}"
`;

it('does not exist if the configuration has no firmware updates', async () => {
  const { storage } = await storageOf(configOf(dirname(temporaryFolder())));
  expect(storage).toBeUndefined();
});

it('warns of records that it ignores', async () => {
  const folder = temporaryFolder();
  mkdirSync(folder);
  writeFileSync(join(folder, 'records.json'), 'x');
  const { storage, warnings } = await storageOf(configOf(dirname(folder), '', ON('/ca.pem')));
  expect(storage?.records).toEqual([]);
  expect(warnings).toEqual([expect.stringMatching(/^the file of firmware records is not JSON: updates /)]);
});

it('downloads through the proxy of the hub, with its password', async () => {
  const server = await ImageServer.open(IMAGE);
  const proxy = await HttpProxy.open({ login: 'gw:secret' });
  const folder = temporaryFolder();
  const password = join(dirname(folder), 'password');
  const hub = `proxy = "http://127.0.0.1:${proxy.port}"\nproxy_username = "gw"\nproxy_password_file = "${password}"`;
  const { fetched, warnings } = await storageOf(configOf(dirname(folder), hub, ON(server.tls.caFile)));
  expect(await fetched(server.url)).toMatchObject({
    failure: { kind: 'timed out', reason: expect.stringContaining(password) },
    again: 'later',
  });
  writeFileSync(password, 'secret\n', { mode: 0o600 });
  expect(await fetched(server.url)).toEqual(completeOf(IMAGE));
  expect([proxy.asked, warnings]).toEqual([[`127.0.0.1:${server.port}`], []]);
});
