/**
 * `holdfast doctor`: examines the gateway and its machine. Problems come first, the worst at the top, each with its
 * remedy; then what is ok, and what could not be checked.
 */
import { hostAndPort } from '../base/host-and-port.ts';
import type { CheckVerdict, TimedFinding } from '../doctor/check.ts';
import { runCheck } from '../doctor/check.ts';
import { allChecks } from '../doctor/checks.ts';
import { type DoctorInput, readDoctorInput } from '../doctor/doctor-input.ts';
import { permissionPlanOf, trialWords } from '../doctor/hub-permissions.ts';
import { printable } from '../ops/words.ts';
import { type CommandContext, printJson, readConfigText } from './context.ts';
import { Progress } from './progress.ts';
import { cut, hang, hintLines, type Terminal, type Tone } from './terminal.ts';
import { VERSION } from './version.ts';

export interface DoctorOptions {
  /** Tries CONNECT with the identity of the gateway if no gateway runs. */
  readonly connect?: true;
  /** Tries filters and topics with the identity of the gateway if no gateway runs. */
  readonly permissions?: true;
}

/** Exit code by the worst verdict, as for `status --check`. */
const EXIT_CODES: Readonly<Record<CheckVerdict, number>> = { ok: 0, skipped: 0, warn: 1, fail: 2 };
const WORST_FIRST: readonly CheckVerdict[] = ['fail', 'warn', 'ok', 'skipped'];
const WORDS: Readonly<Record<CheckVerdict, string>> = { ok: 'ok', warn: 'warning', fail: 'FAIL', skipped: 'skipped' };
const TONES: Readonly<Record<CheckVerdict, Tone>> = { ok: 'good', warn: 'warning', fail: 'bad', skipped: 'quiet' };
const ID_WIDTH = 20;

export async function showDoctor(context: CommandContext, options: DoctorOptions): Promise<number> {
  const { configPath, socketPath, terminal, asJson } = context;
  const input = await readDoctorInput({ configPath, socketPath, readConfig: readConfigText, version: VERSION });
  const triesPermissions = options.permissions === true;
  if (triesPermissions) announceTrial(input);
  const checks = allChecks({ connects: options.connect === true, triesPermissions });
  const progress = asJson
    ? undefined
    : new Progress(
        'checking',
        checks.map(({ id }) => id),
        process.stderr,
      );
  const results = await Promise.all(
    checks.map(async (check) => {
      const findings = await runCheck(check, input);
      progress?.finished(check.id);
      return findings;
    }),
  );
  progress?.clear();
  const findings = results.flat();
  const worst = WORST_FIRST.find((verdict) => findings.some((one) => one.verdict === verdict)) ?? 'ok';
  if (asJson) printJson(context, 'doctor', { verdict: worst, findings });
  else for (const line of renderDoctor(findings, terminal)) terminal.print(line);
  return EXIT_CODES[worst];
}

/** Prints what the trial of permissions sends, before it is sent. */
function announceTrial({ reading, gateway }: DoctorInput): void {
  if (reading.kind !== 'valid' || gateway.kind === 'running') return;
  const plan = permissionPlanOf(reading.config);
  const { host, port, clientId } = reading.config.hub;
  process.stderr.write(`Sending to ${hostAndPort({ host, port })} as ${clientId}: ${trialWords(plan)}.\n`);
  for (const topic of plan.topics) process.stderr.write(`  empty message, QoS 1, on ${topic}\n`);
}

export function renderDoctor(findings: readonly TimedFinding[], terminal: Terminal): string[] {
  const of = (verdict: CheckVerdict): readonly TimedFinding[] => findings.filter((one) => one.verdict === verdict);
  const problems = [...of('fail'), ...of('warn')];
  const counts = WORST_FIRST.map((verdict) => [of(verdict).length, WORDS[verdict].toLowerCase()] as const);
  const summary = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  const passed = [...of('ok'), ...of('skipped')].flatMap((finding) => shortLine(finding, terminal));
  return [
    terminal.tone('strong', `Doctor: ${summary.join(', ')}.`),
    ...problems.flatMap((finding) => ['', ...problemLines(finding, terminal)]),
    ...(passed.length === 0 ? [] : ['', ...passed]),
  ];
}

function problemLines({ id, verdict, facts, remedy }: TimedFinding, terminal: Terminal): string[] {
  const head = `${WORDS[verdict].padEnd(8)}${id}`;
  return [
    terminal.tone(TONES[verdict], head),
    ...facts.flatMap((fact) => hang('    ', printable(fact), terminal.width)),
    ...(remedy === null ? [] : hintLines('    ', remedy, terminal)),
  ];
}

function shortLine({ id, verdict, facts }: TimedFinding, { width, isScreen, tone }: Terminal): string[] {
  const head = WORDS[verdict].padEnd(8);
  const text = `${id.padEnd(ID_WIDTH)} ${printable(facts.join(' '))}`;
  const lines = isScreen ? cut(hang('        ', text, width), 1, width) : [`        ${text}`];
  return lines.map((line) => `${tone(TONES[verdict], head)}${line.slice(head.length)}`);
}
