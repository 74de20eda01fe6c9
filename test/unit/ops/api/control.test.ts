/** Control API: fixed answers behind a real socket, requested by the real client and by plain HTTP. */
import { chmod, rename, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startControl } from '../../../../src/ops/api/control.ts';
import type { AnswerPath, ControlAnswers } from '../../../../src/ops/api/control-answers.ts';
import { ask, followTail } from '../../../../src/ops/api/control-client.ts';
import type { TailLine } from '../../../../src/ops/api/tail-line.ts';
import { EVERYTHING } from '../../../../src/ops/tail/tail-request.ts';
import { CONFIG_REPORT } from './config-sample.ts';
import { FakeGateway, until, withControl, withDirectory } from './control-rig.ts';
import { FIRMWARE } from './firmware-sample.ts';
import { EVENTS, HISTORY } from './fixed-history.ts';

/** Sends a request as curl does. */
function bareRequest(socketPath: string, path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, method, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

describe('answers', () => {
  it('are the answers of the gateway', async () => {
    await withControl(async ({ gateway, socketPath }) => {
      const expected: ControlAnswers = {
        '/v1/status': gateway.status(),
        '/v1/ledger': await gateway.ledger(),
        '/v1/subdevices': gateway.subdevices(),
        '/v1/hub-subscriptions': gateway.hubSubscriptions(),
        '/v1/outbox': await gateway.outbox(),
        '/v1/explain': gateway.explain(''),
        '/v1/inbox': gateway.inbox(),
        '/v1/messages': await gateway.messages(),
        '/v1/forecast': gateway.forecast(),
        '/v1/dead-letters': await gateway.deadLetters({ after: 0, limit: 50 }),
        '/v1/history': HISTORY,
        '/v1/events': EVENTS,
        '/v1/firmware': FIRMWARE,
        '/v1/config': CONFIG_REPORT,
      };
      for (const path of Object.keys(expected) as AnswerPath[]) {
        expect(await ask(socketPath, path)).toEqual({ kind: 'answered', report: expected[path] });
      }
    });
  });

  it.each([
    { path: '/', method: 'GET', status: 404 },
    { path: '/v1/status', method: 'POST', status: 405 },
  ])('to $method $path are $status with a reason in JSON', async ({ path, method, status }) => {
    await withControl(async ({ socketPath }) => {
      const response = await bareRequest(socketPath, path, method);
      expect(response.status).toBe(status);
      expect(JSON.parse(response.body)).toEqual({ error: expect.stringMatching(/\w+/) });
    });
  });

  it('are 500 with the reason if the gateway fails, and the next request is answered', async () => {
    await withControl(async ({ gateway, socketPath }) => {
      gateway.ledger = () => Promise.reject(new Error('the store is gone'));
      const response = await bareRequest(socketPath, '/v1/ledger');
      expect(response).toEqual({ status: 500, body: '{"error":"the store is gone"}\n' });
      await expect(ask(socketPath, '/v1/ledger')).rejects.toMatchObject({
        code: 'not-answering',
        message: /store is gone/,
      });
      expect((await ask(socketPath, '/v1/status')).kind).toBe('answered');
    });
  });

  it('reject a header of more than 4 KiB', async () => {
    await withControl(async ({ socketPath }) => {
      expect((await bareRequest(socketPath, `/${'x'.repeat(8192)}`)).status).toBe(431);
    });
  });
});

describe('the socket', () => {
  it('is accessible to owner and group only, and is deleted by close', async () => {
    await withDirectory(async (directory) => {
      const socketPath = join(directory, 'control.sock');
      const control = await startControl({ socketPath, inspection: new FakeGateway() });
      expect((await stat(socketPath)).mode & 0o777).toBe(0o660);
      await control.close();
      await expect(stat(socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
    });
  });

  it('is not taken over from a gateway that answers', async () => {
    await withControl(async ({ gateway, socketPath }) => {
      const second = startControl({ socketPath, inspection: new FakeGateway() });
      await expect(second).rejects.toMatchObject({ code: 'control-socket-in-use' });
      expect(await ask(socketPath, '/v1/status')).toEqual({ kind: 'answered', report: gateway.status() });
    });
  });

  it('is taken over from a gateway that was killed', async () => {
    await withDirectory(async (directory) => {
      const socketPath = join(directory, 'control.sock');
      await leaveStaleSocket(socketPath);
      const control = await startControl({ socketPath, inspection: new FakeGateway() });
      expect((await ask(socketPath, '/v1/status')).kind).toBe('answered');
      await control.close();
    });
  });

  it('does not replace a file that is not a socket', async () => {
    await withDirectory(async (directory) => {
      const socketPath = join(directory, 'precious');
      await writeFile(socketPath, 'data');
      const start = startControl({ socketPath, inspection: new FakeGateway() });
      await expect(start).rejects.toMatchObject({ code: 'control-socket-in-use' });
      expect((await stat(socketPath)).size).toBe(4);
    });
  });

  it('in a directory that does not exist is a configuration error', async () => {
    const start = startControl({ socketPath: '/nonexistent/control.sock', inspection: new FakeGateway() });
    await expect(start).rejects.toMatchObject({ code: 'config-invalid', message: /control_socket/ });
  });
});

/** Creates the socket file of a killed process. It is moved, since the listener deletes its own file when it ends. */
async function leaveStaleSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.born`, resolve));
  await rename(`${path}.born`, path);
  await new Promise((resolve) => server.close(resolve));
}

describe('a gateway that is not there', () => {
  it('is reported as absent if there is no socket', async () => {
    const asked = await ask('/nonexistent/control.sock', '/v1/status');
    expect(asked).toMatchObject({ kind: 'absent', fault: { code: 'not-running', hint: /systemctl start/ } });
  });

  it('is reported as absent if the socket has no listener', async () => {
    await withDirectory(async (directory) => {
      const socketPath = join(directory, 'control.sock');
      await leaveStaleSocket(socketPath);
      expect((await ask(socketPath, '/v1/status')).kind).toBe('absent');
    });
  });

  it('is not reported as absent if another program answers', async () => {
    await withDirectory(async (directory) => {
      const socketPath = join(directory, 'control.sock');
      const server = createServer((socket) => {
        socket.resume().end('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{x}');
      });
      await new Promise<void>((resolve) => server.listen(socketPath, resolve));
      await expect(ask(socketPath, '/v1/status')).rejects.toMatchObject({
        code: 'not-a-gateway',
        message: /is not a gateway: its answer cannot be used/,
      });
      await new Promise((resolve) => server.close(resolve));
    });
  });

  it.skipIf(process.getuid?.() === 0)('is not reported as absent if access is denied', async () => {
    await withControl(async ({ socketPath }) => {
      await chmod(socketPath, 0);
      await expect(ask(socketPath, '/v1/status')).rejects.toMatchObject({ code: 'not-permitted', hint: /sudo/ });
    });
  });
});

describe('the tail', () => {
  it('sends each event when it happens, and unsubscribes from the gateway when its client leaves', async () => {
    await withControl(async ({ gateway, socketPath }) => {
      const stop = new AbortController();
      const seen: TailLine[] = [];
      const reading = (async () => {
        for await (const line of followTail(socketPath, EVERYTHING, stop.signal)) seen.push(line);
      })();
      await until(() => gateway.followers === 1);
      gateway.happen('one\nline');
      gateway.happen('two');
      await until(() => seen.length === 2);
      expect(seen).toMatchObject([{ sentence: 'one\nline' }, { sentence: 'two' }]);
      stop.abort();
      await reading;
      await until(() => gateway.followers === 0);
    });
  });

  it('reports the number of missed events to a slow client', async () => {
    await withControl(async ({ gateway, socketPath }) => {
      const sent = 20_000;
      const stop = new AbortController();
      const tail = followTail(socketPath, EVERYTHING, stop.signal);
      const first = tail.next();
      await until(() => gateway.followers === 1);
      // All in one turn of the event loop, so that the client cannot read in between.
      for (let count = 0; count < sent; count += 1) gateway.happen('x'.repeat(100));
      let seen = (await first).value?.kind === 'event' ? 1 : 0;
      let skipped = 0;
      while (skipped === 0) {
        const { value: line } = await tail.next();
        if (line?.kind === 'skipped') skipped = line.events;
        else seen += 1;
      }
      expect(skipped).toBeGreaterThan(sent / 2);
      expect(seen + skipped).toBe(sent);
      stop.abort();
      await tail.return(undefined);
    });
  });

  it('has at most eight clients', async () => {
    await withControl(async ({ gateway, socketPath }) => {
      const stop = new AbortController();
      const tails = Array.from({ length: 8 }, () => followTail(socketPath, EVERYTHING, stop.signal).next());
      await until(() => gateway.followers === 8);
      await expect(followTail(socketPath, EVERYTHING, stop.signal).next()).rejects.toMatchObject({
        message: /8 others/,
      });
      stop.abort();
      await Promise.all(tails);
    });
  });

  it('ends when the gateway stops', async () => {
    await withDirectory(async (directory) => {
      const gateway = new FakeGateway();
      const socketPath = join(directory, 'control.sock');
      const control = await startControl({ socketPath, inspection: gateway });
      const next = expect(
        followTail(socketPath, EVERYTHING, new AbortController().signal).next(),
      ).rejects.toMatchObject({
        code: 'not-running',
        message: expect.stringContaining('The gateway has stopped'),
      });
      await until(() => gateway.followers === 1);
      await control.close();
      await next;
    });
  });
});
