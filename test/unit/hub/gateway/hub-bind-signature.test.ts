/** Signature vectors for bind: the secret undecoded, the result in base64. */
import { expect, it } from 'vitest';
import { signedDevice } from '../../../../src/hub/gateway/bind-signature.ts';

const IDENTITY = { productId: 'KLMNOPQRST', deviceName: 'sub-01' };
const TERMS = { deviceSecret: 'AAECAwQFBgcICQoLDA0ODw==', nonce: 121_213, atS: 1_735_689_600 };

it.each([
  ['hmacsha1', 'xFAIRsxy9DyuZy5ATC6z8LCmO+0='],
  ['hmacsha256', 'ILFW/uhijaiqCJa3zZ08QZ94JIXRfONy3Bee/Ps6A8E='],
] as const)('a signature with %s equals its vector', (method, signature) => {
  expect(signedDevice(IDENTITY, { ...TERMS, method })).toEqual({
    ...{ product_id: 'KLMNOPQRST', device_name: 'sub-01', signature, random: 121_213, timestamp: 1_735_689_600 },
    ...{ signmethod: method, authtype: 'psk' },
  });
});
