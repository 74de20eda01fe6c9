/** Text of the configuration that `holdfast init` writes: the keys that a gateway needs, each with its meaning. Pure. */
import { headingOf, keyRow } from '../../config/key-table.ts';
import { driverNamed } from '../../driver/drivers.ts';
import type { InitAnswers, InitLink } from './init-answers.ts';

const OPENING = `#:schema ./holdfast.schema.json
# Configuration of holdfast, written by holdfast init. For the editor: holdfast config schema > holdfast.schema.json
# All keys: holdfast config reference. Check: holdfast config check. Apply a change: holdfast config apply.
`;

const WIDTH = 110;

type Value = string | number | undefined;

export function starterConfig(answers: InitAnswers): string {
  const { name, profile, host, port, tls, productId, deviceName, username, secretFile, links } = answers;
  const isGeneric = profile === 'generic';
  const secretKey = isGeneric ? 'password_file' : 'device_secret_file';
  const sections = [
    table('gateway', { name }),
    table('hub', {
      profile,
      host,
      port,
      tls: tls === 'off' ? undefined : tls,
      product_id: productId,
      device_name: deviceName,
      username,
      [secretKey]: secretFile,
    }),
    ...links.map(linkText),
    ...links.map(({ subdevice: { id, productId: product, deviceName: device } }) =>
      table('subdevice', { id, product_id: product, device_name: device }),
    ),
  ];
  return `${[OPENING, ...sections].join('\n')}`;
}

function linkText({ name, path, baudRate, driver, subdevice }: InitLink): string {
  const { servesUnlisted, starter } = driverNamed(driver);
  const own = starter(subdevice.id);
  // without a list, a link serves every subdevice
  const subdevices = servesUnlisted && own.length === 0 ? `subdevices = [${JSON.stringify(subdevice.id)}]` : undefined;
  const keys = table('link', { name, path, baud_rate: baudRate, driver });
  const listed = subdevices === undefined ? [] : [...meaningOf('link', 'subdevices'), subdevices];
  return `${[keys.trimEnd(), ...listed, ...own].join('\n')}\n`;
}

function table(section: string, keys: Readonly<Record<string, Value>>): string {
  const lines = Object.entries(keys).flatMap(([key, value]) =>
    value === undefined ? [] : [...meaningOf(section, key), `${key} = ${JSON.stringify(value)}`],
  );
  return `${[headingOf(section), ...lines].join('\n')}\n`;
}

function meaningOf(section: string, key: string): string[] {
  const lines: string[] = [];
  for (const word of (keyRow(section, key)?.meaning ?? '').split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
