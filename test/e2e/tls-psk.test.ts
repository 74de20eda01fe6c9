/** TLS-PSK on real sockets: the device secret is the key, its identity the client id. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authority } from '../../src/bench/certificates.ts';
import { openSecured, pskProblem, secureByKey } from '../../src/io/tls/tls.ts';
import { Recorder } from './recorder.ts';
import { GOOD, HOST, serveTls } from './tls-rig.ts';

const LIMITS = { openMsMax: 10_000, closeMsMax: 10_000, wallMs: Date.now };

describe('with the device secret as the key', () => {
  const { certificate, key: hubKey } = new Authority('Bench Authority').issue(GOOD);
  const key = Buffer.from('AAECAwQFBgcICQoLDA0ODw==', 'base64');

  async function servePsk(ciphers: string) {
    return await serveTls({
      ciphers,
      maxVersion: 'TLSv1.2',
      pskCallback: (_, identity) => (identity === 'gw' ? key : null),
    });
  }

  function dialPsk(port: number, psk: { identity?: string; key?: Uint8Array } = {}): Recorder {
    const listener = new Recorder();
    const options = { host: HOST, port, identity: 'gw', key, ...LIMITS, ...psk };
    const channel = openSecured(options, secureByKey(options))(listener);
    onTestFinished(() => channel.close('the test is over'));
    return listener;
  }

  it('this OpenSSL has the suites', () => {
    expect(pskProblem()).toBeUndefined();
  });

  it.each(['PSK-AES128-CBC-SHA', 'PSK-AES256-CBC-SHA'])('bytes go both ways over %s', async (suite) => {
    const { port, sockets } = await servePsk(suite);
    await dialPsk(port).untilReceived(5);
    expect(sockets[0]?.getCipher().name).toBe(suite);
  });

  it('an unknown identity, another secret, and a hub with certificates only have different texts', async () => {
    const { port } = await servePsk('PSK-AES128-CBC-SHA');
    const { port: other } = await serveTls({ cert: certificate, key: hubKey });
    const reasons = [
      await dialPsk(port, { identity: 'unlisted' }).untilClosed(),
      await dialPsk(port, { key: Buffer.alloc(16) }).untilClosed(),
      await dialPsk(other).untilClosed(),
    ];
    expect(reasons.map((reason) => reason.replace(/:\d+/, ''))).toEqual([
      '127.0.0.1 does not know the identity unlisted: check product_id and device_name',
      '127.0.0.1 has another key for this gateway: check the secret in device_secret_file',
      '127.0.0.1 rejected the TLS handshake: it may not offer TLS-PSK on this port',
    ]);
  });
});
