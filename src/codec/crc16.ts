/** CRC-16 of Modbus RTU frames and of lines with a CRC. Source: Modbus over serial line §2.5.1.2. */

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

/**
 * Returns the CRC-16: polynomial 0x8005 reflected, initial value 0xFFFF if not given (CRC-16/ARC has 0). The result over a frame and its CRC, low byte
 * first, is 0.
 */
export function crc16(bytes: Uint8Array, initial = 0xffff): number {
  let crc = initial;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return crc;
}
