/** Other programs on the control socket, gateways that are stopped or of another version, and broken files. */
import { execFile, spawn } from 'node:child_process';
import { utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withControl, withDirectory } from '../ops/api/control-rig.ts';

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function holdfast(...words: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['src/main.ts', ...words], { timeout: 300_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

async function withServer(serve: (socket: Socket) => void, use: (socketPath: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, 'control.sock');
    const open = new Set<Socket>();
    const server: Server = createServer((socket) => {
      open.add(socket.on('error', () => undefined).on('close', () => open.delete(socket)));
      serve(socket);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      await use(path);
    } finally {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

describe.concurrent('another program on the control socket', () => {
  it('that does not answer is reported by each command within its time limit, with exit code 69', async () => {
    await withServer(
      () => undefined,
      async (socketPath) => {
        const commands = [['ledger'], ['dead-letters', 'list'], ['tail']];
        await Promise.all(
          commands.map(async (command) => {
            const { code, err } = await holdfast(...command, '--socket', socketPath);
            expect({ command, code }).toEqual({ command, code: 69 });
            expect(err.replaceAll(/\s+/g, ' ')).toMatch(
              /The gateway does not answer: .* Process \d+ \(.*\) listens there/,
            );
          }),
        );
      },
    );
  });

  it('that was stopped is named, and status shows what is known without it', async () => {
    await withDirectory(async (directory) => {
      const socketPath = join(directory, 'control.sock');
      const config = join(directory, 'holdfast.toml');
      await writeFile(config, `[gateway]\nstate_dir = "${directory}"\ncontrol_socket = "${socketPath}"\n`);
      await writeFile(join(directory, 'holdfast.db'), 'x'.repeat(2048));
      const script = `require('http').createServer(()=>{}).listen(${JSON.stringify(socketPath)}, () => console.log('up'))`;
      const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
      try {
        await new Promise((resolve) => child.stdout.once('data', resolve));
        child.kill('SIGSTOP');
        const { code, out } = await holdfast('status', '--config', config);
        expect(code).toBe(69);
        expect(out.replaceAll(/\s+/g, ' ')).toMatch(
          /^Losing data\? Unknown\. The gateway does not answer.*is stopped, by a signal.*holdfast\.db · 2\.0 KiB/,
        );
      } finally {
        child.kill('SIGKILL');
      }
    });
  });
});

describe.concurrent('a broken configuration', () => {
  it('is reported, and a running gateway is still found', async () => {
    await withControl(async ({ socketPath }) => {
      const config = join(socketPath, '..', 'holdfast.toml');
      await writeFile(config, `[gateway]\nname = oops\ncontrol_socket = "${socketPath}" # here\n`);
      const { code, out, err } = await holdfast('status', '--config', config);
      expect(code).toBe(0);
      expect(out).toMatch(/^Losing data\? No\./);
      expect(err).toMatch(
        /^holdfast: The configuration .* is broken: it is not TOML .*\n {2}-> The next start cannot use this file/,
      );
    });
  });

  it('does not make status read another store', async () => {
    await withDirectory(async (directory) => {
      const config = join(directory, 'holdfast.toml');
      await writeFile(config, `[gateway]\ncontrol_socket = "${directory}/none.sock"\nname = oops\n`);
      const { code, out, err } = await holdfast('status', '--config', config);
      expect({ code, out }).toEqual({ code: 69, out: '' });
      expect(err).toContain('its store cannot be found, because the configuration is broken');
    });
  });

  it('that does not exist is reported, and no other gateway is asked', async () => {
    const { code, err } = await holdfast('status', '--config', '/nonexistent/holdfast.toml');
    expect(code).toBe(78);
    expect(err).toContain('The configuration /nonexistent/holdfast.toml does not exist');
  });

  it('that was changed after the start is reported with the number of its problems', async () => {
    await withControl(async ({ socketPath }) => {
      const config = join(socketPath, '..', 'holdfast.toml');
      await writeFile(config, `[gateway]\ncontrol_socket = "${socketPath}"\nnonsense = 1\n`);
      await utimes(config, Date.now() / 1000 + 100, Date.now() / 1000 + 100);
      const { code, err } = await holdfast('status', '--config', config);
      expect(code).toBe(0);
      expect(err).toMatch(/was changed after the gateway started and now has \d+ problems?\.\n/);
    });
  });
});

describe.concurrent('status --check', () => {
  it.each([
    ['no', 0, 'OK'],
    ['at risk', 1, 'WARNING'],
    ['yes', 2, 'CRITICAL'],
    ['unknown', 3, 'UNKNOWN'],
  ] as const)('prints one line, and its exit code is the verdict: %s is %d', async (losing, code, word) => {
    await withControl(async ({ gateway, socketPath }) => {
      const report = gateway.status();
      gateway.status = () => ({ ...report, losing });
      const checked = await holdfast('status', '--check', '--socket', socketPath);
      expect(checked).toEqual({
        code,
        out: expect.stringMatching(`^HOLDFAST ${word} - Losing data\\? [^\n]+\n$`),
        err: '',
      });
    });
  });

  it.each([
    ['no gateway answers', ['--socket', '/nonexistent/control.sock']],
    ['the configuration cannot be read', ['--config', '/nonexistent/holdfast.toml']],
  ])('exits 3 with one line if %s', async (_, words) => {
    const { code, out } = await holdfast('status', '--check', ...words);
    expect({ code, out }).toEqual({ code: 3, out: expect.stringMatching(/^HOLDFAST UNKNOWN - [^\n]+\n$/) });
  });
});
