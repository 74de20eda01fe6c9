/** Hex dump for a screen. */

/** Number of bytes in a line: the offset and two groups of eight bytes fit in 80 columns. */
const HEX_LINE = 16;

export function hexLines(bytes: Buffer): string[] {
  return Array.from({ length: Math.ceil(bytes.length / HEX_LINE) }, (_, index) => {
    const line = bytes.subarray(index * HEX_LINE, (index + 1) * HEX_LINE);
    const groups = [line.subarray(0, HEX_LINE / 2), line.subarray(HEX_LINE / 2)].map((group) =>
      [...group].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
    );
    const text = [...line].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    return `  ${(index * HEX_LINE).toString(16).padStart(4, '0')}  ${groups.join('  ').padEnd(48)}  ${text}`;
  });
}
