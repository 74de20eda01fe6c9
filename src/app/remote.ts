/** Attaches the health telemetry to the reports of a gateway. */
import { type Facts, looking } from '../base/events.ts';
import { telemetryJson } from '../ops/remote/telemetry-report.ts';
import type { Condition, StatusReport } from '../ops/reports/report.ts';
import type { Gateway } from './gateway.ts';

/**
 * Begins to send telemetry, if it is configured.
 * @returns a function that takes the conditions at each look, so that their changes are reported
 */
export function sendTelemetry(
  gateway: Gateway,
  status: () => StatusReport,
): (conditions: readonly Condition[]) => void {
  const { telemetry, stations, hubSender } = gateway;
  const { facts, config, mailbox, clock } = gateway.parts;
  if (telemetry === undefined) return () => undefined;
  /** Conditions of the newest document. A condition may begin or end between that document and the next look. */
  let reported: string | undefined;
  telemetry.attach(
    guarded(facts, () => {
      const report = status();
      reported = effectsOf(report.conditions);
      return telemetryJson(report, config.hub.payloadBytesMax, stations.wallClock.wallMs());
    }),
  );
  return (conditions) => {
    if (effectsOf(conditions) === reported) return;
    mailbox.post(() => {
      if (telemetry.changed(clock.nowMs())) hubSender.send();
    });
  };
}

/** Codes and effects on data, without their order. */
function effectsOf(conditions: readonly Condition[]): string {
  return [...new Set(conditions.map(({ code, losing }) => `${code} ${losing}`))].sort().join(', ');
}

/** A report that fails is left out: telemetry is an observer, and no message waits for it. */
function guarded(facts: Facts, make: () => Uint8Array): () => Uint8Array | undefined {
  let made: Uint8Array | undefined;
  const look = looking(facts, 'telemetry', () => {
    made = make();
  });
  return () => {
    made = undefined;
    look();
    return made;
  };
}
