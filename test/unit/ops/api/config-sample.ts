/** Sample of the report of changes: one key of the hub, and one new subdevice. */
import { CONFIRMED, type ConfigReport } from '../../../../src/ops/reports/config-report.ts';

export const CONFIG_REPORT: ConfigReport = {
  configPath: '/etc/holdfast/holdfast.toml',
  runningMark: '0123456789abcdef',
  fileMark: 'fedcba9876543210',
  problems: [],
  ...CONFIRMED,
  lossyLinks: [],
  hub: { version: '7', keys: ['outbox.hold_ms'] },
  hubChanges: [{ key: 'outbox.hold_ms', change: 'changed', old: null, new: '50', restarts: 'nothing', links: [] }],
  changes: [
    { key: 'hub.port', change: 'changed', old: '1883', new: '1884', restarts: 'hub', links: [] },
    { key: 'subdevice[b]', change: 'added', old: null, new: '{ id = "b" }', restarts: 'nothing', links: [] },
  ],
};
