/** TLS files on a disk: renewed while in use, partially copied, of another owner. */
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Authority } from '../../src/bench/certificates.ts';
import { checkTls } from '../../src/cli/tls-check.ts';
import type { HubTls } from '../../src/config/hub/hub-config.ts';
import { TlsFiles } from '../../src/io/tls/tls-files.ts';
import { runProgram } from './program.ts';
import { TlsFolder } from './tls-rig.ts';

const DAY_MS = 86_400_000;

function placed() {
  const folder = new TlsFolder();
  const client = folder.writeClient({ commonName: 'gw' });
  const news: (string | undefined)[] = [];
  const files = new TlsFiles({ caFile: folder.caFile, client, noted: (problem) => void news.push(problem) });
  return { folder, client, files, news };
}

describe('files that are renewed under a running gateway', () => {
  it('are unchanged as long as nothing changes, and used when they do', () => {
    const { folder, files, news } = placed();
    const first = files.context();
    expect(first).toBeDefined();
    expect(files.context()).toBe(first);
    folder.writeClient({ commonName: 'gw' });
    expect(files.context()).not.toBe(first);
    expect(news).toEqual([]);
  });

  it('are not used while they are broken: the last valid ones remain in use, and it is reported once', () => {
    const { folder, files, news } = placed();
    const good = files.context();
    folder.write('client.pem', '-----BEGIN CERT');
    expect(files.context()).toBe(good);
    expect(files.context()).toBe(good);
    expect(files.problem).toBe(
      `${folder.path}/client.pem holds no certificate. Copy it again; it is a PEM file that begins with -----BEGIN CERTIFICATE-----.`,
    );
    folder.writeClient({ commonName: 'gw' });
    expect(files.context()).not.toBe(good);
    expect(files.problem).toBeUndefined();
    expect(news).toHaveLength(2);
  });

  it('are not used while one of a pair is old', () => {
    const { folder, files } = placed();
    const good = files.context();
    folder.write('client.pem', folder.authority.issue({ commonName: 'gw' }).certificate);
    expect(files.context()).toBe(good);
    expect(files.problem).toContain(`client-key.pem is not the key of ${folder.path}/client.pem`);
  });

  it('that are no regular files are not waited for', () => {
    const { folder } = placed();
    const files = new TlsFiles({ caFile: folder.path, client: undefined, noted: () => {} });
    expect(files.context()).toBeUndefined();
    expect(files.problem).toContain(`${folder.path} is a directory, not a file`);
  });

  it('that were never valid make no connection', () => {
    const { folder, files } = placed();
    rmSync(folder.caFile);
    expect(files.context()).toBeUndefined();
    expect(files.problem).toContain('ca.pem does not exist');
  });
});

describe('config check', () => {
  const tls = (folder: TlsFolder, client: { certificateFile: string; keyFile: string }): HubTls => ({
    ...{ kind: 'on', caFile: folder.caFile, serverName: 'hub', pins: [] },
    client,
  });

  it('names the trusted authorities and the own certificate, with their end of validity', () => {
    const { folder, client } = placed();
    const { problems, lines } = checkTls(tls(folder, client), Date.now());
    expect(problems).toEqual([]);
    expect(lines[0]).toMatch(
      /^TLS: 1 trusted certificate: CN=Bench Authority until \d{4}-\d\d-\d\d; client certificate CN=gw until \d{4}-\d\d-\d\d\.$/,
    );
  });

  it('reports all problems of the files at once', () => {
    const { folder, client } = placed();
    folder.write('ca.pem', 'nothing');
    folder.write('client.pem', new Authority('Another').certificate);
    chmodSync(client.keyFile, 0o644);
    const { problems } = checkTls(tls(folder, client), Date.now());
    expect(problems).toMatchObject([
      { path: 'hub.tls_ca_file', what: `${folder.caFile} holds no certificate` },
      { path: 'hub.tls_key_file', hint: `chmod 0600 ${client.keyFile}.` },
    ]);
    chmodSync(client.keyFile, 0o600);
    expect(checkTls(tls(folder, client), Date.now()).problems[1]?.what).toContain('is not the key of');
  });

  it('reports an expired certificate, unless the clock is not set', () => {
    const { folder } = placed();
    const until = new Date(Date.now() - DAY_MS);
    const client = folder.writeClient({ commonName: 'gw', from: new Date(Date.now() - 9 * DAY_MS), until });
    expect(checkTls(tls(folder, client), Date.now()).problems).toMatchObject([{ path: 'hub.tls_certificate_file' }]);
    expect(checkTls(tls(folder, client), 0).problems).toEqual([]);
  });

  it('as a command reports the same, and ends with 78 if there is a problem', async () => {
    const { folder, client } = placed();
    const text = `[gateway]
name = "gw"
[hub]
profile = "generic"
host = "hub.example"
tls = "on"
tls_ca_file = "${folder.caFile}"
tls_certificate_file = "${client.certificateFile}"
tls_key_file = "${client.keyFile}"
[[link]]
name = "field"
path = "/dev/ttyUSB0"
[[subdevice]]
id = "a"
`;
    const config = folder.write('holdfast.toml', text);
    const good = await runProgram('config', 'check', config);
    expect([good.code, good.stdout]).toEqual([
      0,
      expect.stringMatching(/hub\.example:8883.*\nTLS: 1 trusted certificate/),
    ]);
    rmSync(client.keyFile);
    const bad = await runProgram('--json', 'config', 'check', config);
    expect(bad.code).toBe(78);
    expect(JSON.parse(bad.stdout)).toMatchObject({ ok: false, problems: [{ path: 'hub.tls_key_file' }] });
  });

  it('checks the device secret if it is the key', () => {
    const folder = new TlsFolder();
    const psk = (secretFile: string) => checkTls({ kind: 'psk', secretFile }, Date.now()).problems;
    expect(psk(folder.write('secret', 'AAECAwQFBgcICQoLDA0ODw==\n'))).toEqual([]);
    expect(psk(folder.write('secret', 'no base64!'))).toMatchObject([
      { path: 'hub.device_secret_file', what: `secret ${folder.path}/secret is not base64` },
    ]);
    expect(psk(join(folder.path, 'absent'))).toMatchObject([{ path: 'hub.device_secret_file' }]);
  });
});
