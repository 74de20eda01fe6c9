/**
 * Document of the health telemetry: the state of the gateway in one JSON object with a largest size. Made from a status
 * report, so the hub sees what `holdfast status` shows. Pure.
 */
import type { Direction } from '../../base/message.ts';
import type { Age } from '../../base/time.ts';
import type { LedgerSum } from '../reports/ledger-report.ts';
import { brokenFrames, type LinkReport, type LinkStateReport, type RoundTripReport } from '../reports/link-report.ts';
import type { DrainReport } from '../reports/outlook.ts';
import type { Losing, StatusReport } from '../reports/report.ts';
import { fittedJson } from './fitted-json.ts';

/** Health of the gateway. Durations and not dates, unless the clock is synchronised. */
export interface TelemetryReport {
  /** Name of the gateway. */
  readonly gateway: string;
  /** Time of the document, Unix ms; `null`: the clock is not synchronised. */
  readonly wallMs: number | null;
  /** Time since the start of the process, ms. */
  readonly uptimeMs: number;
  /** The wall clock is synchronised. */
  readonly clockTrusted: boolean;
  /** Worst effect on data of all conditions. */
  readonly losing: Losing;
  /**
   * Verdict as a sentence, at most 400 characters: the first line of `holdfast status`, without samples of messages.
   */
  readonly sentence: string;
  readonly versions: TelemetryVersions;
  /** Sums of the ledger, of all starts; `null`: the storage fails. */
  readonly ledger: Readonly<Record<Direction, TelemetrySum>> | null;
  /** Uplinks that wait for the hub. */
  readonly backlog: TelemetryBacklog;
  readonly flash: TelemetryFlash;
  /** Conditions, the worst first. */
  readonly conditions: readonly TelemetryCondition[];
  /** Links in the order of the configuration. */
  readonly links: readonly TelemetryLink[];
  /** Conditions and links that were left out, because the document would exceed the payload limit. */
  readonly cut: number;
}

export interface TelemetryVersions {
  readonly holdfast: string;
  readonly node: string;
}

export interface TelemetrySum {
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  /** Shed messages, of all reasons. */
  readonly shed: number;
  readonly dead: number;
  readonly damaged: number;
  /** accepted minus all others; 0 if the ledger balances. */
  readonly imbalance: number;
}

export interface TelemetryBacklog {
  readonly messages: number;
  readonly bytes: number;
  /** Age of the oldest message; `null`: nothing waits. */
  readonly oldest: Age | null;
  /** Time to drain; `null`: nothing waits, or the time cannot be known. */
  readonly drain: DrainReport | null;
}

export interface TelemetryFlash {
  /** Bytes written by this process within `overMs`; `null`: not reported by the kernel. */
  readonly bytes: number | null;
  /** Up time that the bytes cover: at most 24 h, ms. */
  readonly overMs: number;
}

export interface TelemetryCondition {
  /** Code as in docs/conditions.md. */
  readonly code: string;
  /** Effect of this condition alone on data. */
  readonly losing: Losing;
  /** Duration of the condition, ms. */
  readonly forMs: number;
}

export interface TelemetryLink {
  readonly name: string;
  readonly state: LinkStateReport;
  /** Time in this state, ms. */
  readonly forMs: number;
  /** Frames received and frames received broken, since the start. */
  readonly frames: number;
  readonly broken: number;
  /** QoS 1 downlinks, from their sending to the PUBACK of the subdevice, since the start. */
  readonly roundTrip: RoundTripReport;
}

/** Name and version of the schema (docs/schemas). */
export const TELEMETRY_SCHEMA = 'holdfast/telemetry/1';
/** Largest document if the hub allows larger payloads, bytes. A document for a chart needs no more. */
const DOCUMENT_BYTES_MAX = 16_384;
const SENTENCE_MAX = 400;
/** Text in place of a sample of a discarded message: readers of the document may not read the topics of subdevices. */
const REMOVED_SAMPLE = '(removed)';
/** Shortest sample that is removed. A single character would occur everywhere. */
const SAMPLE_LENGTH_MIN = 2;

/** @param bytesMax payload limit of the hub @param wallMs `undefined`: no known time; used only if the clock is trusted */
export function telemetryJson(status: StatusReport, bytesMax: number, wallMs: number | undefined): Uint8Array {
  const { conditions, links, cut: _, ...fixed } = telemetryOf(status, wallMs);
  const lists = { conditions, links };
  return fittedJson({ schema: TELEMETRY_SCHEMA, ...fixed }, lists, Math.min(bytesMax, DOCUMENT_BYTES_MAX));
}

/** The whole document. */
export function telemetryOf(status: StatusReport, wallMs: number | undefined): TelemetryReport {
  const { process: own, outbox, outlook, medium, ledger } = status;
  return {
    gateway: own.gateway,
    wallMs: wallMs === undefined || !own.clockTrusted ? null : Math.round(wallMs),
    uptimeMs: Math.round(own.uptimeMs),
    clockTrusted: own.clockTrusted,
    losing: status.losing,
    sentence: withoutSamples(status).slice(0, SENTENCE_MAX),
    versions: { holdfast: own.version, node: process.versions.node },
    ledger: ledger === null ? null : { uplink: sumOf(ledger.uplink), downlink: sumOf(ledger.downlink) },
    backlog: { messages: outbox.messages, bytes: outbox.bytes, oldest: outbox.oldest, drain: outlook.drain },
    flash: { bytes: medium.bytes, overMs: Math.round(medium.overMs) },
    conditions: status.conditions.map(({ code, losing, forMs }) => ({ code, losing, forMs: Math.round(forMs) })),
    links: status.links.map(linkOf),
    cut: 0,
  };
}

/** Verdict without the samples that the sentence of a condition may quote. */
function withoutSamples({ sentence, discarded }: StatusReport): string {
  const samples = discarded.map(({ sample }) => sample).filter(({ length }) => length >= SAMPLE_LENGTH_MIN);
  const longestFirst = samples.toSorted((one, other) => other.length - one.length);
  return longestFirst.reduce((text, sample) => text.replaceAll(sample, REMOVED_SAMPLE), sentence);
}

function sumOf({ shed, accepted, delivered, pending, dead, damaged, imbalance }: LedgerSum): TelemetrySum {
  const all = Object.values(shed).reduce((sum, count) => sum + count, 0);
  return { accepted, delivered, pending, shed: all, dead, damaged, imbalance };
}

function linkOf({ name, state, forMs, counters, roundTrip }: LinkReport): TelemetryLink {
  const { framesIn: frames } = counters;
  return { name, state, forMs: Math.round(forMs), frames, broken: brokenFrames(counters), roundTrip };
}
