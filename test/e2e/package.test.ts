/** The package for users: built into a folder, it carries messages, answers commands and names the licences. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { programName } from '../../src/io/program-name.ts';
import { buildPackage } from '../built-package.ts';
import { openTestbed } from './testbed.ts';
import { standUp } from './tls-rig.ts';
import { untilServed, WEB_TOKEN, webPlace } from './web-browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-package-'));
let program = '';

beforeAll(() => {
  program = buildPackage(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('carries messages through a restart, and answers its commands', async () => {
  const web = await webPlace();
  onTestFinished(() => web.remove());
  const testbed = await openTestbed({ subdevices: { a: {} }, program, more: web.config });
  await testbed.start();
  await untilServed(web.origin);
  for (const file of ['page.css', 'live.js', 'idiomorph.js', 'icon.svg'])
    expect((await fetch(`${web.origin}/${file}`)).status).toBe(200);
  const authorization = `Bearer ${WEB_TOKEN}`;
  expect(await (await fetch(web.origin, { headers: { authorization } })).text()).toContain('Losing data?');
  expect(programName(testbed.gateway.pid ?? 0)).toBe('holdfast');
  await testbed.loseHub();
  testbed.publish(1);
  await testbed.untilAcknowledged();
  expect(await testbed.gateway.signal('SIGKILL')).toBe('SIGKILL');
  await testbed.gateway.start();
  const holdfast = join(folder, 'bin/holdfast');
  const { status, stdout } = spawnSync(holdfast, ['status', '--socket', testbed.socketPath], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('Losing data?') });
  const page = join(testbed.folder, 'report.html');
  const report = spawnSync(holdfast, ['report', '--html', page, '--config', testbed.configPath], { encoding: 'utf8' });
  expect(report).toMatchObject({ status: 0, stdout: expect.stringContaining(`Wrote ${page}`) });
  expect(readFileSync(page, 'utf8')).toContain('</html>');
  testbed.restoreHub();
  await testbed.expectNothingLost();
});

it.each(['--help', 'config reference', 'conditions reference', 'bench-hub --list-rules'])(
  'prints what the checkout prints: %s',
  (command) => {
    const main = join(import.meta.dirname, '../../src/main.ts');
    const [ofPackage, ofCheckout] = [program, main].map((path) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...command.split(' ')], {
        encoding: 'utf8',
      });
      return { status, stdout, stderr };
    });
    expect(ofPackage).toEqual(ofCheckout);
    expect(ofPackage?.status).toBe(0);
  },
);

it('shows the commit that it was built from', () => {
  const { stdout } = spawnSync(process.execPath, [program, '--version'], { encoding: 'utf8' });
  const head = spawnSync('git', ['-c', 'safe.directory=*', 'rev-parse', 'HEAD'], { encoding: 'utf8' }).stdout;
  expect(stdout).toMatch(new RegExp(`^holdfast [0-9.]+ \\(commit ${head.slice(0, 12)}(\\+changes)?\\)\nNode `));
});

it('has the licence text of each package in its code', () => {
  const licences = readFileSync(join(folder, 'THIRD-PARTY-LICENCES'), 'utf8');
  const code = readdirSync(join(folder, 'lib'), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => readFileSync(join(folder, 'lib', name), 'utf8'))
    .join('\n');
  // the bundler writes the path of each module above its code
  const names = [...code.matchAll(/^\/\/ node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)\//gm)].map(
    ([, name]) => name,
  );
  expect(names).toEqual(expect.arrayContaining(['zod', 'preact', 'd3-scale']));
  expect(licences).toMatch(/^idiomorph [0-9.]+ \(/m);
  for (const name of new Set(names)) expect(licences).toMatch(new RegExp(`^${name} [0-9.]+ \\(`, 'm'));
  expect(licences.match(/permission|redistribution/gi)?.length).toBeGreaterThan(20);
});

it('reaches a hub over WebSocket, with the library in its own code', async () => {
  const http = createServer();
  const server = new WebSocketServer({ server: http, handleProtocols: () => 'mqtt' });
  const port = await standUp(http);
  const testbed = await openTestbed({ subdevices: { a: {} }, config: { hub: { transport: 'ws', port } } });
  const words = ['doctor', '--json', '--config', testbed.configPath];
  const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
    // doctor ends with 1 or 2 on a machine with other findings
    execFile(join(folder, 'bin/holdfast'), words, (_, out) => resolve({ stdout: out }));
  });
  const { findings } = JSON.parse(stdout) as { findings: { id: string; verdict: string }[] };
  expect(findings.find(({ id }) => id === 'hub.route')).toMatchObject({ verdict: 'ok' });
  expect(readFileSync(join(folder, 'THIRD-PARTY-LICENCES'), 'utf8')).toMatch(/^ws \d+\.\d+\.\d+ \(MIT\)$/m);
  server.close();
});
