/**
 * Outputs of `--json`: name, version, type, and the commands that print each. `docs/schemas` is generated from the types
 * (`test/unit/cli/json-schemas.test.ts`), and docs/json.md says when a version rises.
 *
 * A new command needs a line in `JsonOutputs`, a line in `JSON_OUTPUTS`, and an example in
 * `test/e2e/json-outputs.test.ts`.
 */
import type { Fault } from '../base/fault.ts';
import type { TestMessageReport } from '../base/test-message.ts';
import type { DemoOutcome } from '../bench/demo/demo-outcome.ts';
import type { KeyRow } from '../config/key-table.ts';
import type { Problem } from '../config/kinds/problem.ts';
import type { CheckVerdict, TimedFinding } from '../doctor/check.ts';
import type { TailEvent, TailSkipped } from '../ops/api/tail-line.ts';
import type { ConditionEntry } from '../ops/conditions/condition-entry.ts';
import type { HubSubscriptionsReport } from '../ops/conditions/hub-packet-words.ts';
import type { ExplainReport } from '../ops/explain/explain-report.ts';
import type { ForecastReport } from '../ops/forecast/forecast-report.ts';
import type { LinkScore } from '../ops/link-test/link-score.ts';
import type { MessageReport, MessageTally } from '../ops/queues/message-report.ts';
import type { QueueName } from '../ops/queues/message-selector.ts';
import type { DropAnswer, HoldAnswer, RetryAnswer } from '../ops/queues/queue-answers.ts';
import type { RemoteAnswer } from '../ops/remote/remote-answer.ts';
import type { RemoteConfigReport } from '../ops/remote/remote-config-report.ts';
import type { TelemetryReport } from '../ops/remote/telemetry-report.ts';
import type { BindingOutcomes, BindingsReport } from '../ops/reports/binding-report.ts';
import type { ConditionSpell } from '../ops/reports/condition-spells.ts';
import type { ApplyAnswer, ConfigReport, TrialEnd } from '../ops/reports/config-report.ts';
import type { DeadLetterReport, DeadLettersReport } from '../ops/reports/dead-letter-report.ts';
import type { EventsReport } from '../ops/reports/events-report.ts';
import type { FirmwareUpdatesReport, SubdeviceFirmwareReport } from '../ops/reports/firmware-updates-report.ts';
import type { HistoryReport } from '../ops/reports/history-report.ts';
import type { LedgerReport } from '../ops/reports/ledger-report.ts';
import type { LinkReport } from '../ops/reports/link-report.ts';
import type { OfflineOutbox, OfflineStatus, OfflineSubdevices } from '../ops/reports/offline-report.ts';
import type {
  BacklogReport,
  Condition,
  InboxReport,
  Losing,
  OutboxReport,
  StatusReport,
  SubdevicesReport,
} from '../ops/reports/report.ts';
import type { Moment } from '../recorder/moments.ts';
import type { Rerun } from '../recorder/rerun.ts';
import type { BackupFacts } from '../store/backup/backup-note.ts';
import type { StoreContent } from '../store/backup/verify-store.ts';
import type { ArchivePart } from '../support/archive.ts';
import type { ShownPayload } from './payload-format.ts';
import type { PortsReport } from './ports-report.ts';
import type { ProfileSummary } from './profile-report.ts';
import type { VersionReport } from './version.ts';

/** Outputs by the name of their schema. Each is an object; the key `schema` is added when it is printed. */
export interface JsonOutputs {
  readonly status: StatusReport;
  readonly 'status-offline': OfflineStatus;
  readonly 'status-check': StatusCheck;
  /** Document that the gateway publishes at the hub (docs/remote.md). */
  readonly telemetry: TelemetryReport;
  /** Answer of the gateway to a command of the hub (docs/remote.md). */
  readonly 'remote-answer': RemoteAnswer;
  /** Report of the gateway about a configuration of the hub (docs/remote.md). */
  readonly 'remote-config': RemoteConfigReport;
  readonly doctor: { readonly verdict: CheckVerdict; readonly findings: readonly TimedFinding[] };
  readonly bundle: { readonly path: string; readonly bytes: number; readonly parts: readonly ArchivePart[] };
  readonly report: WrittenReport;
  readonly top: { readonly status: StatusReport; readonly subdevices: SubdevicesReport['subdevices'] };
  readonly ledger: LedgerReport;
  readonly subdevices: SubdevicesReport;
  readonly 'subdevices-offline': OfflineSubdevices;
  readonly 'subdevice-forgotten': { readonly discarded: number };
  readonly explain: ExplainReport;
  /** `running`: false for a forecast from the store. */
  readonly forecast: ForecastReport & { readonly running: boolean };
  readonly outbox: OutboxReport;
  readonly 'outbox-offline': OfflineOutbox;
  readonly backlog: BacklogReport;
  readonly backup: { readonly path: string; readonly bytes: number } & BackupFacts & StoreContent;
  readonly restore: BackupFacts &
    StoreContent & {
      /** Folder with the previous store; `null`: there was none. */
      readonly replaced: string | null;
      /** Downlinks of the backup that were discarded on request. */
      readonly dropped: number;
    };
  readonly 'test-message': TestMessageReport;
  readonly note: { readonly text: string };
  readonly inbox: InboxReport;
  readonly 'inbox-offline': OfflineOutbox;
  readonly messages: {
    readonly queue: QueueName;
    /** False: the messages were read from the store. */
    readonly running: boolean;
    readonly messages: readonly MessageReport[];
    /** Damaged rows that were left out. */
    readonly damaged: number;
    /** Messages looked at. */
    readonly scanned: number;
    /** Value of `--after` for the next page; `null`: these are the last. */
    readonly next: number | null;
  };
  readonly message: MessageReport & { readonly queue: QueueName; readonly running: boolean };
  readonly 'messages-exported': {
    readonly path: string;
    readonly messages: number;
    readonly bytes: number;
    readonly damaged: number;
  };
  readonly 'messages-held': HoldAnswer;
  readonly 'messages-retried': RetryAnswer;
  readonly 'messages-dropped': {
    readonly selected: MessageTally;
    /** `null`: nothing was dropped. */
    readonly dropped:
      | (Omit<DropAnswer, 'next'> & {
          /** Reason why the drop ended before the last message; `null`: it did not. */
          readonly stopped: string | null;
        })
      | null;
  };
  readonly acknowledged: { readonly acknowledged: true };
  readonly adopted: { readonly adopted: true };
  readonly trace: TraceLine;
  readonly tail: ShownTailLine;
  readonly conditions: { readonly conditions: readonly Condition[] };
  readonly history: HistoryReport;
  readonly events: EventsReport;
  readonly 'condition-history': { readonly conditions: readonly ConditionSpell[] };
  readonly condition: ConditionEntry & { readonly code: string };
  readonly ports: PortsReport;
  readonly links: { readonly links: readonly LinkReport[] };
  readonly 'link-test': LinkScore & {
    /** Reason why no subdevice was probed, as a sentence; `null`: subdevices were probed. */
    readonly notProbed: string | null;
  };
  readonly firmware: FirmwareUpdatesReport;
  /** Firmware of the subdevice after the command. */
  readonly 'firmware-changed': SubdeviceFirmwareReport;
  readonly 'dead-letters': DeadLettersReport;
  readonly 'dead-letter': DeadLetterReport;
  readonly 'dead-letters-changed': {
    readonly done: number;
    /** Reason why the command ended before the last dead letter; `null`: it did not. */
    readonly stopped: string | null;
  };
  readonly record: RecordedFiles;
  readonly export: {
    readonly out: string;
    readonly steps: number;
    /** Damage of the recording; `null`: none. */
    readonly damage: string | null;
  };
  readonly replay: Rerun & { readonly damage: string | null };
  readonly 'hub-bindings-changed': BindingOutcomes;
  readonly 'hub-bindings': BindingsReport;
  readonly 'hub-subscriptions': HubSubscriptionsReport;
  readonly 'hub-released': {
    /** Packets that are sent again. */
    readonly released: readonly string[];
  };
  readonly profiles: {
    /** Folder for profiles of the machine, and folder of those shipped with the program. */
    readonly folder: string;
    readonly shipped: string;
    readonly profiles: readonly ProfileSummary[];
  };
  readonly 'profile-check': { readonly ok: boolean; readonly profile: ProfileSummary };
  readonly 'config-check': {
    readonly ok: boolean;
    readonly problems: readonly Problem[];
    readonly warnings: readonly Problem[];
  };
  readonly 'config-keys': { readonly keys: readonly KeyRow[] };
  readonly 'config-key': KeyRow & {
    /** Empty: the file is missing or invalid, or has no such place. */
    readonly values: readonly KeyValue[];
  };
  readonly 'config-diff': ConfigReport;
  readonly 'config-applied': Omit<ApplyAnswer, 'outcome'> & {
    readonly outcome: ApplyAnswer['outcome'] | 'rolled back';
    /** Reason of the rollback; `null`: none. */
    readonly reason: string | null;
  };
  readonly 'config-written': {
    readonly path: string;
    /** File with the secret of the hub; `null`: none. */
    readonly secretFile: string | null;
  };
  readonly 'config-trial-ended': TrialEnd;
  /** Output of `holdfast --version`. */
  readonly version: VersionReport;
  readonly demo: DemoOutcome;
  readonly page: {
    /** Whole text of the page or script. */
    readonly text: string;
  };
  readonly error: { readonly error: JsonError };
  readonly warning: { readonly warning: { readonly message: string; readonly hint: string } };
}

export interface JsonError {
  /** Stable word; the exit code depends on it. */
  readonly code: string;
  readonly message: string;
  /** Remedy. */
  readonly hint: string;
  /** True if the same command may succeed later without any change. */
  readonly retryable: boolean;
}

export type CheckWord = 'OK' | 'WARNING' | 'CRITICAL' | 'UNKNOWN';

/** Line of `status --check`. */
interface StatusCheck {
  readonly check: CheckWord;
  /** Exit code. */
  readonly code: number;
  readonly losing: Losing;
  readonly sentence: string;
}

/** Line of `trace`. The last line has the rates. */
type TraceLine =
  | {
      readonly kind: Moment['what'];
      /** Monotonic ms of this boot. */
      readonly upMs: number;
      readonly words: string;
      /** Frame in hexadecimal; absent: the line is not about a frame. */
      readonly bytes?: string | undefined;
      /** Defect of the frame; absent: none. */
      readonly problem?: string | undefined;
    }
  | TailSkipped
  | ({ readonly kind: 'rates' } & TraceRates);

/** Line of `tail`. The last line is the summary. */
type ShownTailLine =
  | (Omit<TailEvent, 'payload'> & {
      /** Payload of the message; absent: `--format` was not given, or the event has none. */
      readonly payload?: ShownPayload;
    })
  | TailSkipped
  | {
      readonly kind: 'summary';
      readonly shown: number;
      readonly missed: number;
      /** Duration. */
      readonly ms: number;
    };

/** Frames and bytes per second, from the first step to the last. */
export interface TraceRates {
  readonly framesIn: number;
  readonly bytesIn: number;
  readonly framesOut: number;
  readonly bytesOut: number;
}

/** Output of `report`: the page that was written. */
interface WrittenReport {
  readonly path: string;
  readonly bytes: number;
  /** Verdict of the page; `not running`: no gateway answers, and the page shows the store. */
  readonly losing: Losing | 'not running';
  readonly sentence: string;
  /** Parts that are missing in the page, each with its reason. */
  readonly missing: readonly string[];
}

/** Line of `record`: files of one machine. */
interface RecordedFiles {
  /** Name of the link, or `hub`. */
  readonly of: string;
  readonly steps: number;
  readonly bytes: number;
  readonly files: readonly string[];
}

/** Value of the key at one place of the file. */
export interface KeyValue {
  /** `hub.host`, `link[meters].baud_rate`. */
  readonly place: string;
  /** Value of the file in TOML; `null`: not set. Absent: only the running gateway has this place. */
  readonly file?: string | null;
  /** Value of the running gateway; `null`: not set. Absent: no gateway answers. */
  readonly running?: string | null;
  /** Device profile that has given the value. Absent: the file, or a default. */
  readonly profile?: string;
  /** True if the changes of the hub over the file set the value of the running gateway. */
  readonly isOfHub?: boolean;
}

export type JsonName = keyof JsonOutputs;

interface JsonOutput {
  readonly version: number;
  /** Words of the commands that print the output; empty: every command can, unless the gateway publishes it. */
  readonly commands: readonly string[];
  /** Key of the topic on which the gateway publishes the output. */
  readonly topicKey?: string;
}

export const JSON_OUTPUTS: Readonly<Record<JsonName, JsonOutput>> = {
  status: { version: 1, commands: ['status'] },
  'status-offline': { version: 1, commands: ['status'] },
  'status-check': { version: 1, commands: ['status'] },
  telemetry: { version: 1, commands: [], topicKey: 'telemetry.topic' },
  'remote-answer': { version: 1, commands: [], topicKey: 'remote.answer_topic' },
  'remote-config': { version: 1, commands: [], topicKey: 'remote.config_report_topic' },
  doctor: { version: 1, commands: ['doctor'] },
  bundle: { version: 1, commands: ['bundle'] },
  report: { version: 1, commands: ['report'] },
  top: { version: 1, commands: ['top'] },
  ledger: { version: 1, commands: ['ledger'] },
  subdevices: { version: 1, commands: ['subdevices'] },
  'subdevices-offline': { version: 1, commands: ['subdevices'] },
  'subdevice-forgotten': { version: 1, commands: ['subdevices forget'] },
  explain: { version: 1, commands: ['explain'] },
  forecast: { version: 1, commands: ['forecast'] },
  outbox: { version: 1, commands: ['outbox'] },
  'outbox-offline': { version: 1, commands: ['outbox'] },
  inbox: { version: 1, commands: ['inbox'] },
  'inbox-offline': { version: 1, commands: ['inbox'] },
  messages: { version: 1, commands: ['outbox list', 'inbox list'] },
  message: { version: 1, commands: ['outbox show', 'inbox show'] },
  'messages-exported': { version: 1, commands: ['outbox export', 'inbox export'] },
  'messages-held': {
    version: 1,
    commands: ['outbox hold', 'outbox release', 'inbox hold', 'inbox release'],
  },
  'messages-retried': { version: 1, commands: ['outbox retry', 'inbox retry'] },
  'messages-dropped': { version: 1, commands: ['outbox drop', 'inbox drop'] },
  backlog: { version: 1, commands: ['backlog pause', 'backlog resume', 'backlog rate'] },
  backup: { version: 1, commands: ['backup'] },
  restore: { version: 1, commands: ['restore'] },
  'test-message': { version: 1, commands: ['send uplink', 'send downlink'] },
  note: { version: 1, commands: ['mark'] },
  acknowledged: { version: 1, commands: ['acknowledge-gap', 'acknowledge-loss'] },
  adopted: { version: 1, commands: ['adopt'] },
  trace: { version: 1, commands: ['trace'] },
  tail: { version: 1, commands: ['tail'] },
  conditions: { version: 1, commands: ['conditions'] },
  history: { version: 1, commands: ['history'] },
  events: { version: 1, commands: ['events'] },
  'condition-history': { version: 1, commands: ['conditions'] },
  condition: { version: 1, commands: ['conditions explain'] },
  ports: { version: 1, commands: ['ports'] },
  links: { version: 1, commands: ['links'] },
  'link-test': { version: 1, commands: ['link test'] },
  firmware: { version: 1, commands: ['firmware'] },
  'firmware-changed': { version: 1, commands: ['firmware retry', 'firmware cancel'] },
  'dead-letters': { version: 1, commands: ['dead-letters list'] },
  'dead-letter': { version: 1, commands: ['dead-letters show'] },
  'dead-letters-changed': { version: 1, commands: ['dead-letters retry', 'dead-letters drop'] },
  record: { version: 1, commands: ['record'] },
  export: { version: 1, commands: ['export'] },
  replay: { version: 1, commands: ['replay'] },
  'hub-bindings-changed': { version: 1, commands: ['hub bind', 'hub unbind'] },
  'hub-bindings': { version: 1, commands: ['hub describe'] },
  'hub-subscriptions': { version: 1, commands: ['hub subscriptions'] },
  'hub-released': { version: 1, commands: ['hub subscriptions release'] },
  profiles: { version: 1, commands: ['profiles list'] },
  'profile-check': { version: 1, commands: ['profiles check'] },
  'config-check': { version: 1, commands: ['config check'] },
  'config-keys': { version: 1, commands: ['config reference'] },
  'config-key': { version: 1, commands: ['config explain'] },
  'config-diff': { version: 1, commands: ['config diff'] },
  'config-applied': { version: 1, commands: ['config apply'] },
  'config-written': { version: 1, commands: ['init'] },
  'config-trial-ended': { version: 1, commands: ['config confirm', 'config rollback'] },
  version: { version: 1, commands: [] },
  demo: { version: 1, commands: ['demo'] },
  page: { version: 1, commands: ['completion', 'manual', 'conditions reference', 'config schema'] },
  error: { version: 1, commands: [] },
  warning: { version: 1, commands: [] },
};

/** Identifier of a schema, the value of the key `schema`: `holdfast/status/1`. */
export function schemaOf(name: JsonName): string {
  return `holdfast/${name}/${JSON_OUTPUTS[name].version}`;
}

/** One line of JSON, without the line feed. */
export function jsonLine<Name extends JsonName>(name: Name, output: JsonOutputs[Name]): string {
  return JSON.stringify({ schema: schemaOf(name), ...output });
}

export function jsonErrorOf({ code, message, hint, retryable }: Fault): JsonError {
  return { code, message, hint, retryable };
}
