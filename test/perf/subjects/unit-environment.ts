/** Environment of the service (`systemd/holdfast.service`), so that the bench measures the settings that users get. */
import { readFileSync } from 'node:fs';

const UNIT = new URL('../../../systemd/holdfast.service', import.meta.url);
/** An assignment with spaces is in quotes (systemd.exec(5)). */
const LINE = /^Environment="?([A-Z_]+)=(.*?)"?$/gm;

/** Variables whose values systemd does not compute. */
export function unitEnvironment(): Readonly<Record<string, string>> {
  const lines = [...readFileSync(UNIT, 'utf8').matchAll(LINE)];
  return Object.fromEntries(lines.flatMap(([, name = '', value = '']) => (value.includes('%') ? [] : [[name, value]])));
}
