/** CRC-16/MODBUS: of a frame of Modbus RTU, and of lines that carry one. Source: Modbus over serial line §2.5.1.2. */

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

/** Reflected 0x8005, from 0xFFFF. Over a frame with its CRC behind it, low byte first, it is 0. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return crc;
}
