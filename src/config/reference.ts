/**
 * Reference of the configuration file, generated from the table of keys. `holdfast config reference` prints it, and
 * `docs/configuration.md` is the output; a test compares the two.
 */
import { headingOf, type KeyRow, keyRows, restartWords } from './key-table.ts';

const OPENING = `# Configuration

One TOML file, by default \`/etc/holdfast/holdfast.toml\`. \`holdfast config check\` lists all problems of the file
at once. Unknown keys are rejected. This page is the output of \`holdfast config reference\`. How a change reaches the
running gateway is in [changing-configuration.md](changing-configuration.md).

Smallest file for a gateway with one link and one subdevice:

\`\`\`toml
#:schema ./holdfast.schema.json
[gateway]
name = "shed-3"

[hub]
profile = "generic"
host = "hub.example.net"

[[link]]
name = "meters"
path = "/dev/serial/by-path/platform-3f980000.usb-usb-0:1.2:1.0-port0"

[[subdevice]]
id = "meter-1"
\`\`\`

Editors with the language server taplo check the file while it is written, if the schema is beside it:
\`holdfast config schema > holdfast.schema.json\`. Rules across keys are checked by \`holdfast config check\` only.
`;

/** Returns Markdown that ends in a newline. */
export function renderReference(): string {
  const sections = Map.groupBy(keyRows(), (row) => row.section);
  return [OPENING, ...[...sections].map(([section, rows]) => renderSection(section, rows))].join('\n');
}

function renderSection(section: string, rows: readonly KeyRow[]): string {
  const lines = rows.map((row) => {
    const cells = [`\`${row.key}\``, row.type, row.fallback, row.meaning, restartWords(row)];
    return `| ${cells.map(escapeCell).join(' | ')} |`;
  });
  return [
    `## \`${headingOf(section)}\``,
    '',
    '| key | type | default | meaning | a change restarts |',
    '|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
