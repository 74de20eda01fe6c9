/** Commands over the administrative socket: permissions, valid and rejected requests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type AdminCommands, refusal, startAdministration } from '../../../../src/ops/api/administration.ts';
import { give } from '../../../../src/ops/api/control-client.ts';
import { adminSocketOf } from '../../../../src/ops/api/control-socket.ts';

const COMMANDS: AdminCommands = {
  'lamp.switch': (body) => Promise.resolve({ isOn: body.isOn }),
  'lamp.break': () => Promise.reject(refusal('the lamp is broken already', 'buy another')),
  'lamp.explode': () => Promise.reject(new Error('bang')),
};

async function administered(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-admin-'));
  const controlSocket = join(folder, 'control.sock');
  const administration = await startAdministration({ controlSocket, commands: COMMANDS });
  onTestFinished(async () => {
    await administration.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return controlSocket;
}

function post(
  controlSocket: string,
  path: string,
  body: string,
  method = 'POST',
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: adminSocketOf(controlSocket), path, method, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

it('a command is executed and answered', async () => {
  expect(await give(await administered(), 'lamp.switch', { isOn: true })).toEqual({ isOn: true });
});

it('a command that is not possible is rejected with the reason and the remedy', async () => {
  await expect(give(await administered(), 'lamp.break', {})).rejects.toMatchObject({
    code: 'command-rejected',
    message: 'the lamp is broken already',
    hint: 'buy another',
  });
});

it('the socket is accessible to its user and group only', async () => {
  const controlSocket = await administered();
  expect((await stat(adminSocketOf(controlSocket))).mode & 0o777).toBe(0o660);
});

it.each([
  ['an unknown command', '/v1/commands/lamp.eat', '{}', 404],
  ['a name of the prototype', '/v1/commands/constructor', '{}', 404],
  ['another path', '/v1/status', '{}', 404],
  ['no JSON', '/v1/commands/lamp.switch', '{', 400],
  ['a list', '/v1/commands/lamp.switch', '[]', 400],
  ['null', '/v1/commands/lamp.switch', 'null', 400],
  ['more than 256 KiB', '/v1/commands/lamp.switch', `{"a":"${'x'.repeat(256 * 1024)}"}`, 400],
  ['a command that throws', '/v1/commands/lamp.explode', '{}', 500],
])('%s is rejected', async (_, path, body, status) => {
  expect((await post(await administered(), path, body)).status).toBe(status);
});

it('a GET is rejected', async () => {
  expect((await post(await administered(), '/v1/commands/lamp.switch', '', 'GET')).status).toBe(405);
});

it('a missing gateway is reported as not running', async () => {
  await expect(give(join(tmpdir(), 'nowhere.sock'), 'lamp.switch', {})).rejects.toMatchObject({ code: 'not-running' });
});
