/** The curl lines of docs/bench-hub.md, sent one after the other to the application side. */
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { startApplicationSide } from '../../../../src/bench/hub/application.ts';
import { MAINLAND } from '../../../../src/bench/hub/bench-rules.ts';
import { startBenchHub } from '../../../../src/bench/hub/server.ts';
import { systemClock } from '../../../../src/io/clock.ts';

const PAGE = readFileSync(new URL('../../../../docs/bench-hub.md', import.meta.url), 'utf8');

/** Path and body of each POST on the page. */
const ORDERS = [...PAGE.matchAll(/^curl \$hub(\/\w+) -d '(.*?)'/gm)].map(([, path = '', body = '']) => ({
  path,
  body,
}));

it('each command on the page is accepted', async () => {
  const hub = await startBenchHub({ port: 0, rules: MAINLAND, clock: systemClock() });
  const side = await startApplicationSide(hub, 0);
  onTestFinished(async () => {
    await side.stop();
    await hub.stop();
  });
  const answers: string[] = [];
  for (const { path, body } of ORDERS) {
    const answer = await fetch(`http://127.0.0.1:${side.port}${path}`, { method: 'POST', body });
    answers.push(`${path} ${answer.status} ${(await answer.text()).trim()}`);
  }
  expect(answers.length).toBeGreaterThan(15);
  expect(answers.filter((answer) => !answer.includes(' 200 '))).toEqual([]);
  expect(answers).toContain('/service 200 {"result":0,"done":true}');
  expect(answers).toContain('/service 200 {"kind":"waiting"}');
});
