/** docs/shipped-profiles.md: the list of the shipped profiles with their sources, written with `-u`. */
import { expect, it } from 'vitest';
import { type ProfileSummary, summaryOf } from '../../../../src/cli/profile-report.ts';
import { findProfile, profileIds } from '../../../../src/io/profile-files.ts';

const UPDATE = 'npx vitest run test/unit/config/device-profiles/shipped-page.test.ts -u';
const OPENING = `# Shipped device profiles

The device profiles that are part of holdfast ([device-profiles.md](device-profiles.md)). \`holdfast profiles check ID\` shows the registers of
each point. This page is written by \`${UPDATE}\`.

Only the facts of the sources are used: address, type, scale and unit. No profile was tested with a device of its maker; each is tested with a
simulated device that has the registers of the source.
`;

function sectionOf({ id, vendor, name, source, notes, serial, points }: ProfileSummary): string {
  const { baudRate, parity, stopBits } = serial;
  const words = [baudRate && `${baudRate} bit/s`, parity && `parity ${parity}`, stopBits && `stop bits ${stopBits}`];
  const known = words.filter((word) => word !== null);
  const names = points.map((point) => `\`${point.name}\`${point.unit === null ? '' : ` (${point.unit})`}`);
  return [
    `## \`${id}\``,
    '',
    `${vendor} ${name}.`,
    '',
    `- Source: ${source}`,
    ...(notes === null ? [] : [`- Notes: ${notes}`]),
    `- Serial port at delivery: ${known.length === 0 ? 'see the manual' : known.join(', ')}`,
    `- ${points.length} points: ${names.join(', ')}`,
    '',
  ].join('\n');
}

it('lists every shipped profile with its source', async () => {
  const summaries = profileIds('/nonexistent').flatMap((id) => {
    const found = findProfile(id, '/nonexistent');
    return found === undefined ? [] : [summaryOf(found, id)];
  });
  const page = [OPENING, ...summaries.map(sectionOf)].join('\n');
  await expect(page).toMatchFileSnapshot('../../../../docs/shipped-profiles.md');
});
