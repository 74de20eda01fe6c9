/** Remedies for each cause of a failed connection, port or secret file. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorLines } from '../../../../src/cli/error-lines.ts';
import { folderProblem } from '../../../../src/io/folders.ts';
import { RenewedSecret, readSecretFile } from '../../../../src/io/secret-file.ts';
import { explainSocketError } from '../../../../src/io/tcp.ts';
import { explainTlsError } from '../../../../src/io/tls/tls-words.ts';
import { remedyFor } from '../../../../src/ops/conditions/hub-remedies.ts';
import { linkConditions } from '../../../../src/ops/conditions/link-conditions.ts';
import { networkRemedy } from '../../../../src/ops/conditions/network-remedy.ts';
import { type LinkReport, RESTING } from '../../../../src/ops/reports/link-report.ts';

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function tlsWords(code: string, identity?: string): string {
  const sight = { host: 'hub', port: 8883, serverName: 'hub', wallMs: () => Date.UTC(2026, 5, 1), chain: [] };
  return explainTlsError(coded(code), { ...sight, hasShaken: false, ...(identity === undefined ? {} : { identity }) });
}

const UTF8 = { LC_ALL: 'C.UTF-8' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-remedies-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a hub that is away', () => {
  it.each([
    ['ENOTFOUND', 'at risk', /Correct host/],
    ['EAI_AGAIN', 'no', /name server/],
    ['ECONNREFUSED', 'no', /the hub is running/],
    ['ENETUNREACH', 'no', /network of this machine/],
    ['ETIMEDOUT', 'no', /network/],
  ] as const)('by %s is %s, with its remedy', (code, losing, hint) => {
    expect(remedyFor(explainSocketError('hub:1883', coded(code)))).toEqual({
      losing,
      hint: expect.stringMatching(hint),
    });
  });

  it.each([
    ['ERR_TLS_CERT_ALTNAME_INVALID', /tls_server_name/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /tls_ca_file/],
    ['CERT_HAS_EXPIRED', /Renew/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /port and tls/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /TLS keys/],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', /TLS 1\.2/],
  ])('by a permanent TLS error is at risk, and the remedy is not about the network: %s', (code, hint) => {
    const remedy = remedyFor(tlsWords(code));
    expect(remedy).toEqual({ losing: 'at risk', hint: expect.stringMatching(hint) });
    expect(remedy.hint).not.toMatch(/network/);
  });

  it.each([
    ['the proxy p:3128 asks for a user name and a password (407 x)', 'at risk', /Set proxy_username/],
    ['the proxy p:3128 does not accept the user name and the password (407 x)', 'at risk', /Correct proxy_username/],
    ['the proxy p:3128 asks for authentication by ntlm, and this gateway has Basic only (407)', 'at risk', /Basic/],
    ['the proxy p:3128 does not permit a tunnel to hub:8883 (403 x)', 'at risk', /permit CONNECT/],
    ['the proxy p:3128 opened no tunnel to hub:8883: it may not reach the hub (502 x)', 'no', /the proxy looks up/],
    ['the proxy p:3128 closed the connection instead of opening a tunnel', 'no', /Its log/],
    ['the proxy p:3128 accepted the TCP connection and did not open a tunnel to hub:1 within 9 ms', 'no', /Its log/],
    ['the proxy p:3128 does not answer in HTTP', 'at risk', /Correct proxy in/],
    ['the proxy p:3128 was not found by name', 'at risk', /Correct proxy in/],
    ['the proxy p:3128 refused the connection: no program listens', 'no', /the proxy is running/],
    ['the proxy p:3128 did not answer within 9 ms', 'no', /firewall/],
    ['the connection to hub:443 through the proxy p:3128 was reset', 'no', /the logs of both/],
    ['hub:443 answered the WebSocket request for /mqtt with HTTP 404 Not Found', 'at risk', /ws_path/],
    ['hub:443 does not offer the WebSocket subprotocol mqtt', 'at risk', /ws_path/],
    ['hub:443 did not finish the WebSocket handshake within 9 ms', 'no', /ws_path/],
    ['hub:443 closed the WebSocket with code 1008 (policy violation)', 'no', /look in its log/],
    ['hub:443 through the proxy p:3128 has a certificate for a, not for b: correct host', 'at risk', /tls_server_name/],
    ['hub:443 through the proxy p:3128 has a public key that is not in tls_pins: x', 'at risk', /tls_pins/],
  ] as const)('on the way is explained: %s', (problem, losing, hint) => {
    expect(remedyFor(problem)).toEqual({ losing, hint: expect.stringMatching(hint) });
  });

  it('by a wrong TLS-PSK key is at risk', () => {
    expect(remedyFor(tlsWords('ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR', 'gw')).hint).toMatch(/device_secret_file/);
    expect(remedyFor(tlsWords('ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY', 'gw')).losing).toBe('at risk');
  });
});

describe('a port that does not open', () => {
  it.each([
    ['/dev/ttyS0 is in use by minicom (process 8)', /^Stop that program \(kill 8\)/],
    ['/dev/ttyS0 is in use by holdfast (process 8)', /^Only one gateway .* kill 8/],
    ['/dev/ttyS0 is in use by agetty (process 8)', /login console.*serial-getty@ttyS0/],
    ['/dev/ttyS0 is in use by ModemManager (process 8)', /disable --now ModemManager/],
    ['/dev/ttyS0 is in use by another program', /fuser -v \/dev\/ttyS0/],
    ['user gw may not open /dev/ttyS0: use sudo', /restart the gateway/],
    ['/dev/ttyS0 is not a serial device', /Correct path/],
    ['/dev/ttyS0 does not answer: is this port enabled on the board?', /Enable the port/],
    ['an unknown problem', /Check the cable/],
  ])('has the remedy of its cause: %s', (lastProblem, hint) => {
    const named = { name: 'l', path: '/dev/ttyS0', driver: 'mqttsn', state: 'waiting to reopen', forMs: 1 } as const;
    const [condition] = linkConditions([{ ...RESTING, ...named, lastProblem } as unknown as LinkReport]);
    expect(condition?.hint).toMatch(hint);
    if (lastProblem !== 'an unknown problem') expect(condition?.hint).not.toMatch(/cable/);
  });
});

describe('a secret file', () => {
  it('is read again for each connection; after an error the last valid secret is used, and the error is reported once', () => {
    const file = join(folder, 'secret');
    writeFileSync(file, 'one\n', { mode: 0o600 });
    const noted: (string | undefined)[] = [];
    const secret = new RenewedSecret(
      () => readSecretFile(file),
      (problem) => noted.push(problem),
    );
    expect(secret.current()).toBe('one');
    writeFileSync(file, 'two\n');
    expect(secret.current()).toBe('two');
    rmSync(file);
    expect([secret.current(), secret.current()]).toEqual(['two', 'two']);
    writeFileSync(file, 'three', { mode: 0o600 });
    expect(secret.current()).toBe('three');
    expect(noted).toEqual([expect.stringContaining('does not exist'), undefined]);
  });
});

describe('a directory that must be writable', () => {
  it('may be missing if its parent is writable; a file in its place is reported', () => {
    expect(folderProblem(join(folder, 'a/b'))).toBeUndefined();
    writeFileSync(join(folder, 'file'), '');
    expect(folderProblem(join(folder, 'file/b'))?.what).toContain('no directory');
  });

  it.skipIf(process.getuid?.() === 0)('is reported with the user if it is not writable', () => {
    mkdirSync(join(folder, 'shut'), { mode: 0o500 });
    expect(folderProblem(join(folder, 'shut/b'))?.what).toMatch(/user \S+ may not write in .*does not exist yet/);
  });
});

describe('an error', () => {
  it('is broken at the width of the screen, with the indentation of its lines', () => {
    const message = `The configuration x has problems:\n  hub.host ${'is wrong '.repeat(8)}`;
    const lines = errorLines(message, 'Do this and that and then this again.', { isTTY: true, columns: 40 }, UTF8);
    expect(Math.max(...lines.map((line) => line.trimEnd().length))).toBeLessThanOrEqual(40);
    expect(lines[0]).toMatch(/^holdfast: The/);
    expect(lines.filter((line) => line.startsWith('  hub.host'))).toHaveLength(1);
    expect(lines.filter((line) => /^ {4}(is|wrong)\b/.test(line)).length).toBeGreaterThan(0);
  });

  it('has one line each for message and hint in a file', () => {
    expect(errorLines('a '.repeat(100).trim(), 'b', {}, UTF8)).toEqual([
      `holdfast: ${'a '.repeat(100).trim()}`,
      '  -> b',
    ]);
  });
});

describe('a device server', () => {
  it.each([
    ['CERT_HAS_EXPIRED', /timedatectl.*renew the certificate of the device server/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /a name of the certificate in path/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /tls_ca_file of the link/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /Switch TLS on at the device server/],
  ])('with the TLS problem %s has a remedy without keys and parties of the hub', (code, hint) => {
    const problem = `server:4001 ${tlsWords(code)}`;
    const remedy = networkRemedy({ protocol: 'tls', host: 'server', port: 4001 }, problem);
    expect(remedy).toMatch(hint);
    expect(`${problem} ${remedy}`.replaceAll('hub:8883', '')).not.toMatch(
      /\[hub\]|tls_server_name|at the hub|Correct host/,
    );
  });

  it('with an unreadable tls_ca_file is not suspected', () => {
    const problem = 'no connection: /nowhere/ca.pem does not exist. Correct the path, or put the file there.';
    const link: LinkReport = {
      ...RESTING,
      name: 'l',
      path: 'tls://server:4001',
      driver: 'lines',
      state: 'waiting to reopen',
      forMs: 1000,
    };
    const [condition] = linkConditions([{ ...link, lastProblem: problem }]);
    expect(condition?.sentence).toMatch(/^Link l is down: .* put the file there\. [A-Z]/);
    expect(condition?.hint).toMatch(/^Correct tls_ca_file of the link\./);
  });
});

it('an expired certificate of the hub is renewed there, unless the clock is wrong', () => {
  expect(remedyFor(tlsWords('CERT_HAS_EXPIRED'))).toEqual({
    losing: 'at risk',
    hint: expect.stringMatching(/timedatectl.*Renew the certificate at the hub/),
  });
});
