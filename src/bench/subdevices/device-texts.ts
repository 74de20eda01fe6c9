/** Texts that meters, scales and GPS receivers send, each with a number in it. */
import { appendCheck, type LineCheck } from '../../codec/line-check.ts';

/** Telegram of a P1 meter (DSMR 5.0.2): the number is the energy in kWh. */
export function p1Telegram(number: number): Uint8Array {
  const energy = `${String(number).padStart(6, '0')}.000`;
  const body = [
    '/XMX5LGBBFG1009325446',
    '',
    '1-3:0.2.8(50)',
    '0-0:1.0.0(260702192002W)',
    '0-0:96.1.1(4530303236303030)',
    `1-0:1.8.1(${energy}*kWh)`,
    '1-0:1.7.0(00.244*kW)',
    '0-0:96.14.0(0002)',
    '0-1:24.2.1(260702161005W)(00000.107*m3)',
    '',
  ].join('\r\n');
  return checked(body, { kind: 'dsmr', separator: bytesOf('!') });
}

/** Reading of a scale: STX, then 14 characters. The number is the weight in units of 10 g. */
export function scaleReading(number: number): Uint8Array {
  const weight = (number / 100).toFixed(2).replace('.', ',').padStart(7);
  return bytesOf(`\u0002${number % 2 === 0 ? 'ST' : 'US'},+${weight} kg`);
}

/** Sentence of a GPS receiver: the number is the time of day in seconds. */
export function gpsSentence(number: number): Uint8Array {
  const time = new Date(number * 1000).toISOString().slice(11, 19).replaceAll(':', '');
  return checked(`$GPGLL,4916.45,N,12311.12,W,${time},A`, { kind: 'nmea', separator: bytesOf('*') });
}

function checked(body: string, check: LineCheck): Uint8Array {
  return Uint8Array.from(Buffer.concat([appendCheck(bytesOf(body), check), bytesOf('\r\n')]));
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
