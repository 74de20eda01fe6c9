/** Example of a configuration file: the smallest gateway, and every other key as a comment with its default. */
import { parse } from 'smol-toml';
import { headingOf, type KeyRow, keyRows } from '../src/config/key-table.ts';

/** Values of the smallest gateway, by section and key. */
const VALUES: Readonly<Record<string, string>> = {
  'gateway.name': '"gw-1"',
  'hub.profile': '"generic"',
  'hub.host': '"hub.example.net"',
  'link.name': '"field"',
  'link.path': '"usb:0403:6001:A1:00"',
  'link.baud_rate': '115200',
  'subdevice.id': '"meter-1"',
};
const WIDTH = 100;
const OPENING = `#:schema ./holdfast.schema.json
# Example configuration of holdfast. For an editor: holdfast config schema > holdfast.schema.json
#
# sudo holdfast init asks and writes a short configuration. Or copy and edit this file:
#
#   sudo cp /etc/holdfast/holdfast.toml.example /etc/holdfast/holdfast.toml
#   sudo editor /etc/holdfast/holdfast.toml       # at least hub.host, and the path of the link: holdfast ports
#   sudo holdfast config check
#   sudo systemctl enable --now holdfast
#
# The lines without # are the smallest gateway with one link and one subdevice. The lines "#key = value" are defaults.
`;

export function exampleConfiguration(): string {
  const sections = Map.groupBy(keyRows(), ({ section }) => section);
  return [OPENING, ...[...sections].map(([section, rows]) => sectionText(section, rows))].join('\n');
}

function sectionText(section: string, rows: readonly KeyRow[]): string {
  const isUsed = rows.some((row) => exampleValue(row) !== undefined);
  return [`${isUsed ? '' : '#'}${headingOf(section)}`, '', ...rows.flatMap(keyLines), ''].join('\n');
}

const exampleValue = ({ section, key }: KeyRow): string | undefined => VALUES[`${section}.${key}`];

function keyLines(row: KeyRow): string[] {
  const { key, type, fallback, meaning } = row;
  const value = exampleValue(row);
  const hasDefault = isToml(`${key} = ${fallback}`);
  const note = hasDefault || fallback === 'required' ? '' : ` Default: ${fallback}.`;
  const line = value === undefined ? `#${key} = ${hasDefault ? fallback : ''}` : `${key} = ${value}`;
  return [...commentLines(`${meaning} Values: ${type}.${note}`), line.trimEnd(), ''];
}

function isToml(line: string): boolean {
  try {
    parse(line);
    return true;
  } catch {
    return false;
  }
}

function commentLines(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines;
}
