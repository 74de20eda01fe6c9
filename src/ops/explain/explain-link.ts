/** Explanation of a link, from its report. Pure. */
import { isOnNetwork } from '../conditions/way-words.ts';
import { brokenFrames, type LinkReport } from '../reports/link-report.ts';
import { bytesWords, countOf, countWords, durationWords, rateWords, withFullStop } from '../words.ts';
import { listWords } from './explain-hub.ts';
import type { ExplainedFact, Explanation, Reason } from './explain-report.ts';
import { reasonOf } from './reason.ts';
import type { ReasonCode } from './reasons.ts';

/** Share of broken frames in the last minute from which the line counts as bad. */
const BROKEN_SHARE = 0.05;

const WAITS: Readonly<Record<NonNullable<LinkReport['waits']>, ReasonCode>> = {
  absent: 'port-absent',
  ambiguous: 'port-ambiguous',
  shared: 'port-shared',
};

export function explainLink(link: LinkReport): Explanation {
  const works = link.state === 'open' ? `open for ${durationWords(link.forMs)}` : link.state;
  return {
    kind: 'link',
    name: link.name,
    sentence: `Link ${link.name} is ${works}, with ${countOf(link.subdevices.length, 'connected subdevice')}.`,
    reasons: linkReasons(link),
    facts: factsOf(link),
    message: null,
  };
}

export function linkReasons(link: LinkReport): Reason[] {
  const problem = link.lastProblem === null ? '' : `: ${link.lastProblem}`;
  if (link.state === 'stopped') return [reasonOf('link-stopped', withFullStop(`The link is stopped${problem}`))];
  if (link.state !== 'open') {
    const code = link.waits === null ? 'port-fails' : WAITS[link.waits];
    return [reasonOf(code, withFullStop(`Not open for ${durationWords(link.forMs)}${problem}`))];
  }
  const reasons = openReasons(link);
  return reasons.length > 0 ? reasons : [reasonOf('is-open', `The port is open.${receivedWords(link)}`)];
}

function openReasons(link: LinkReport): Reason[] {
  const { recovery, looksLike, counters, forMs, rates } = link;
  const reasons: Reason[] = [];
  if (recovery.failure !== null) {
    const { trouble, forMs: failedMs } = recovery.failure;
    const words = `All recovery steps failed; ${trouble} on the link for ${durationWords(failedMs)}.`;
    reasons.push(reasonOf('recovery-failed', words));
  }
  if (looksLike !== null) reasons.push(reasonOf('other-protocol', `The bytes look like ${looksLike}.`));
  if (counters.bytesIn === 0)
    reasons.push(
      reasonOf(
        isOnNetwork(link) ? 'server-sends-nothing' : 'nothing-received',
        `No byte has arrived since the port was opened ${durationWords(forMs)} ago.`,
      ),
    );
  const minute = rates.at(-1);
  if (counters.bytesIn > 0 && minute !== undefined && minute.bytesIn === 0 && forMs >= minute.overS * 1000)
    reasons.push(reasonOf('link-silent', `Nothing has arrived in the last ${minute.overS} s.`));
  if (minute !== undefined && minute.broken > BROKEN_SHARE * (minute.framesIn + minute.broken))
    reasons.push(
      reasonOf(
        isOnNetwork(link) ? 'many-invalid-answers' : 'many-broken-frames',
        `${rateWords(minute.broken)} of ${rateWords(minute.framesIn + minute.broken)} frames are ${isOnNetwork(link) ? 'invalid' : 'broken'} (last ${minute.overS} s).`,
      ),
    );
  else if (minute !== undefined && minute.bytesIn > 0 && minute.framesIn === 0 && forMs >= minute.overS * 1000)
    reasons.push(reasonOf('nothing-readable', `Bytes have arrived, but nothing valid in the last ${minute.overS} s.`));
  if (link.polled && link.missing.length > 0)
    reasons.push(
      reasonOf(
        'devices-do-not-answer',
        `No answer of ${listWords(
          link.missing.map(({ subdevice }) => subdevice),
          6,
        )}.`,
      ),
    );
  return reasons;
}

function receivedWords({ rates }: LinkReport): string {
  const minute = rates.at(-1);
  return minute === undefined ? '' : ` ${rateWords(minute.framesIn)} frames in the last ${minute.overS} s.`;
}

function factsOf(link: LinkReport): ExplainedFact[] {
  const { counters, rates, roundTrip, recovery, subdevices } = link;
  const minute = rates.at(-1);
  const port = link.device === null || link.device === link.path ? link.path : `${link.path} (${link.device})`;
  const { p50Ms, p99Ms } = roundTrip;
  return [
    { label: 'Port', text: `${port}, driver ${link.driver}` },
    { label: 'Subdevices', text: subdevices.length === 0 ? 'none connected' : listWords(subdevices, 6) },
    {
      label: 'Received',
      text: `${countOf(counters.framesIn, 'frame')}, ${countWords(brokenFrames(counters))} broken, ${bytesWords(counters.bytesIn)}${minute === undefined ? '' : `; ${rateWords(minute.framesIn)} in the last ${minute.overS} s`}`,
    },
    { label: 'Sent', text: `${countOf(counters.framesOut, 'frame')}, ${countOf(counters.retries, 'repetition')}` },
    ...(p50Ms === null || p99Ms === null
      ? []
      : [{ label: 'Round trip', text: `median ${countWords(p50Ms)} ms, 99 % under ${countWords(p99Ms)} ms` }]),
    {
      label: 'Recovery',
      text: `${countOf(recovery.resync, 'resync')}, ${countOf(recovery.reopen, 'reopening')}, ${countOf(recovery.toggle, 'toggle')}`,
    },
  ];
}
