/**
 * CRC-32/ISO-HDLC (reflected 0x04C11DB7, init and final xor 0xFFFFFFFF; check value of "123456789" is 0xCBF43926).
 * Protects every sn-cobs frame, and distinguishes two payloads with the same packet identifier. Source: the catalogue
 * of parametrised CRC algorithms; zlib computes the same CRC.
 */
import { crc32 as zlibCrc32 } from 'node:zlib';

/** @returns an unsigned 32-bit number */
export function crc32(bytes: Uint8Array): number {
  return zlibCrc32(bytes);
}
